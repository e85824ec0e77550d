// What the page says of the server: to admins, to others, and when there is no answer.

import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals'
import type { Page, Route } from 'playwright-core'
import { Api } from '../support/Api.js'
import { TestBrowser } from '../support/TestBrowser.js'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { waitFor } from '../support/waitFor.js'

const STATUS = '**/api/sync/status'
/** `--line` of either theme, in which the charts' grids are drawn. */
const GRID = { light: [226, 230, 236], dark: [35, 43, 57] }

let browser: TestBrowser
let server: TestServer

beforeAll(async () => {
  browser = await TestBrowser.start()
})
afterAll(() => browser.close())
beforeEach(async () => {
  server = await startTestServer({ dashboardFolder: 'dist/dashboard' })
})
afterEach(async () => {
  await browser.closePages()
  await server.close()
})

/** The panel, once it stands there, on a page whose questions to the server `answer` answers. */
async function open(answer?: (route: Route) => Promise<void>) {
  const page = await browser.newPage()
  await page.clock.install()
  await page.emulateMedia({ colorScheme: 'light' })
  if (answer !== undefined) await page.route(STATUS, answer)
  await page.goto(server.url)
  const panel = page.getByRole('region', { name: 'Server', exact: true })
  return { page, panel, says: (text: string | RegExp) => panel.getByText(text).waitFor() }
}

/** As an admin sees it, scrolled to the charts: they are loaded when they come into sight. */
async function openCharts() {
  const { page, panel } = await open()
  await panel.getByText('Kept messages').waitFor()
  await waitFor('the charts', async () => {
    // What loads above them may push them out of sight again.
    await panel.getByRole('heading', { name: 'Memory' }).scrollIntoViewIfNeeded()
    return (await page.locator('.server canvas').count()) > 0
  })
  return { page, panel }
}

it('draws connections, messages and memory, and says them in words and in a table', async () => {
  const { page, panel } = await openCharts()
  const chart = (name: RegExp) => panel.getByRole('img', { name }).waitFor()
  // A crowded machine may begin on another transport.
  await chart(/^Connections.* now: WebSocket [01], SSE [01], Long-poll [01]$/)
  await chart(/^Memory.* Process [\d.]+ [MG]iB, Log /)
  const api = new Api(server.url)
  const publishing = setInterval(() => void api.broadcast({ type: 'a' }), 50)
  await chart(/^Messages per second.* Published [1-9].*, Delivered [1-9]/)
  clearInterval(publishing)
  await panel.getByText('Table').first().click()
  const table = panel.getByRole('table', { name: /^Connections/ })
  expect(await table.getByRole('row').nth(1).textContent()).toMatch(/^\d\d:\d\d:\d\d[01]{3}$/)
  expect(await panel.getByRole('meter').getAttribute('max')).toBe(String(256 * 2 ** 20))
  expect(await page.locator('canvas').count()).toBe(3)
})

it('draws anew in the colours of another theme', async () => {
  const { page } = await openCharts()
  const shows = (rgb: readonly number[]) => waitFor('the colour', () => hasColour(page, rgb))
  await shows(GRID.light)
  await page.emulateMedia({ colorScheme: 'dark' })
  await shows(GRID.dark)
  await page.evaluate(() => {
    document.documentElement.dataset.theme = 'light'
  })
  await shows(GRID.light)
})

it('tells one who is no admin how the server is, and why no more', async () => {
  const { panel, says } = await open((route) =>
    route.continue({ headers: { ...route.request().headers(), authorization: 'Bearer dev:ann' } }),
  )
  await says('told to admins only')
  await says(/^\d+ s$/)
  expect(await panel.locator('canvas, meter').count()).toBe(0)
})

it('says that a token is not accepted, and does not ask with it again', async () => {
  let asked = 0
  const { page, says } = await open((route) => {
    asked += 1
    return route.fulfill({ status: 401, json: { error: { code: 'unauthorized', message: 'no' } } })
  })
  await says('This server asks for a token')
  const before = asked
  await page.clock.runFor(20_000)
  // The round trip is measured every five seconds all the same; this panel's turn would be every two.
  expect(asked - before).toBeLessThan(6)
})

it('says that nobody answers, keeps what it heard, and goes on by itself', async () => {
  const { page, panel, says } = await open()
  await says(/^ok$/)
  await page.route(STATUS, (route) => route.abort())
  await says('No answer: the network or the server is away')
  await says(/^no answer$/)
  expect(await panel.getByText('Kept messages').isVisible()).toBe(true)
  await page.unroute(STATUS)
  await says(/^ok$/)
  expect(await panel.getByText(/no answer/i).count()).toBe(0)
})

function hasColour(page: Page, rgb: readonly number[]): Promise<boolean> {
  return page.evaluate(([red, green, blue]) => {
    const canvas = document.querySelector<HTMLCanvasElement>('.server canvas')
    const { width = 0, height = 0 } = canvas ?? {}
    if (width === 0) return false
    const { data } = canvas?.getContext('2d')?.getImageData(0, 0, width, height) ?? { data: [] }
    for (let at = 0; at < data.length; at += 4) {
      if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) return true
    }
    return false
  }, rgb)
}
