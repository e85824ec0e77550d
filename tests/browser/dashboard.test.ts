// The page at `/`, used as a newcomer uses it.

import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import axe from 'axe-core'
import type { Response } from 'playwright-core'
import { Api } from '../support/Api.js'
import { TestBrowser } from '../support/TestBrowser.js'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { waitFor } from '../support/waitFor.js'
import { DashboardPage } from './DashboardPage.js'

const dashboardFolder = 'dist/dashboard'
const MAX_FIRST_LOAD_BYTES = 150 * 1024

let browser: TestBrowser
let server: TestServer
let api: Api

beforeAll(async () => {
  browser = await TestBrowser.start()
})
afterAll(() => browser.close())
beforeEach(async () => {
  server = await startTestServer({ dashboardFolder })
  api = new Api(server.url)
})
afterEach(async () => {
  await browser.closePages()
  await server.close()
})

const published = async () => (await api.status()).body.published as number

it('goes on in mid-stream while its transports are blocked and given back, and proves it', async () => {
  const [broken, other] = await Promise.all([
    DashboardPage.open(browser, server.url),
    DashboardPage.open(browser, server.url),
  ])
  await Promise.all([broken.untilCarriedBy('websocket'), other.untilCarriedBy('websocket')])
  await broken.startLoad(40, 60)
  await broken.flip('Block WebSocket')
  await broken.untilCarriedBy('sse')
  await broken.flip('Block SSE')
  await broken.untilCarriedBy('long-poll')
  await broken.flip('Block SSE')
  await broken.flip('Block WebSocket')
  await broken.untilCarriedBy('websocket')
  await broken.button('Stop').click()
  for (const page of [broken, other]) {
    const count = await page.untilQuiet(published)
    expect(count).toBeGreaterThan(0)
    await page.untilVerified(count)
    expect(await page.figure('missing')).toBe(0)
    expect(await page.figure('repeated')).toBe(0)
    expect(await page.figure('out-of-order')).toBe(0)
    await page.untilFact('Resyncs', '0')
  }
})

it('catches up after it was offline', async () => {
  const page = await DashboardPage.open(browser, server.url)
  await page.untilCarriedBy('websocket')
  await page.flip('Offline')
  await page.untilFact('State', 'reconnecting')
  await api.broadcast({ type: 'while.offline' })
  await page.flip('Offline')
  await page.untilCarriedBy('websocket')
  await page.row('while.offline').waitFor()
  await page.untilVerified(1)
})

it('has a load that waits while it is offline, and is published whole', async () => {
  const page = await DashboardPage.open(browser, server.url)
  await page.untilCarriedBy('websocket')
  await page.startLoad(40, 2)
  await page.flip('Offline')
  await page.untilFact('State', 'reconnecting')
  await page.flip('Offline')
  await page.untilVerified(80)
})

it('takes no load that would use up the idempotency keys of all', async () => {
  const page = await DashboardPage.open(browser, server.url)
  await page.untilCarriedBy('websocket')
  await page.startLoad(1000, 600)
  await page.page.getByText('At most 50,000 messages at once').waitFor()
  expect(await published()).toBe(0)
})

it('says why the proof stands still', async () => {
  const page = await DashboardPage.open(browser, server.url)
  await page.untilCarriedBy('websocket')
  await page.page.route('**/poll?*', (route) => route.fulfill({ body: '<h1>Sign in</h1>' }))
  await api.send({ type: 'greeting' })
  await page.page.getByText('what answers there is no Syncline server').waitFor()
  expect(await page.figure('verified')).toBe(0)
})

it('keeps standing where the charts can not be loaded', async () => {
  const page = await DashboardPage.open(browser, server.url)
  await page.page.route('**/Chart*.js', (route) => route.abort())
  await page.untilCarriedBy('websocket')
  await page.page.getByRole('heading', { name: 'Memory' }).scrollIntoViewIfNeeded()
  await page.page.getByText('The drawing could not be loaded').first().waitFor()
  await page.untilFact('State', 'connected')
})

it('says that it was told of a loss', async () => {
  const page = await DashboardPage.open(browser, server.url)
  await page.untilCarriedBy('websocket')
  await page.button('Force resync').click()
  await page.untilFact('Resyncs', '1')
  await page.row('forced').waitFor()
})

describe('the feed', () => {
  it('renders only what is visible, however much comes', async () => {
    const page = await DashboardPage.open(browser, server.url)
    await page.untilCarriedBy('websocket')
    await page.startLoad(500, 4)
    await waitFor('it all', async () => (await page.figure('received')) === 2000, 20_000)
    expect(await page.rows.count()).toBeLessThan(60)
    await page.untilVerified(2000)
  })

  it('filters by type and topic, pauses, clears, and shows a message whole', async () => {
    const page = await DashboardPage.open(browser, server.url)
    await page.untilCarriedBy('websocket')
    await page.page.getByLabel('Topic to subscribe to').fill('orders')
    await page.button('Subscribe').click()
    await page.button('Unsubscribe from orders').waitFor()
    await waitFor('its subscription to count', async () => {
      const { body } = await api.broadcast({ type: 'order.created', topics: ['orders'] })
      return body.recipients === 1
    })
    await api.broadcast({ type: 'greeting', payload: { text: '<b>Hello</b>' } })
    const options = page.rows
    await options.filter({ hasText: 'greeting' }).waitFor()

    await page.page.getByLabel('Topic', { exact: true }).selectOption('orders')
    await options.filter({ hasText: 'greeting' }).waitFor({ state: 'detached' })
    await page.page.getByLabel('Topic', { exact: true }).selectOption('')
    await page.page.getByRole('combobox', { name: 'Type' }).selectOption('greeting')
    await options.filter({ hasText: 'order.created' }).waitFor({ state: 'detached' })

    await page.list.focus()
    await page.page.keyboard.press('ArrowDown')
    await page.page.getByText('"<b>Hello</b>"', { exact: true }).waitFor()

    await page.button('Pause').click()
    await api.broadcast({ type: 'greeting', payload: 'second' })
    await page.page.getByText('1 newer').waitFor()
    expect(await options.count()).toBe(1)
    await page.button('Go on').click()
    await options.filter({ hasText: 'second' }).waitFor()
    await page.button('Clear').click()
    await options.first().waitFor({ state: 'detached' })
  })

  it('forgets a filter when it is cleared, and lets go of a hold when the filter changes', async () => {
    const page = await DashboardPage.open(browser, server.url)
    await page.untilCarriedBy('websocket')
    await api.send({ messages: Array.from({ length: 100 }, () => ({ type: 'many' })) })
    await page.row('many').waitFor()
    await page.list.evaluate((list) => list.scrollTo({ top: 2000 }))
    await api.send({ type: 'few' })
    const types = page.page.getByRole('combobox', { name: 'Type' })
    await types.selectOption('few')
    await page.row('few').waitFor()
    await page.button('Clear').click()
    await api.send({ type: 'many' })
    await page.row('many').waitFor()
  })

  it('holds still while one reads further down', async () => {
    const page = await DashboardPage.open(browser, server.url)
    await page.untilCarriedBy('websocket')
    const messages = Array.from({ length: 100 }, (_, index) => ({ type: 'row', payload: index }))
    await api.send({ messages })
    await page.row('row').first().waitFor()
    const box = page.list
    await box.evaluate((list) => list.scrollTo({ top: 400 }))
    await waitFor('it to be held', async () => {
      await api.send({ type: 'row', payload: 'new' })
      return page.page.getByText(/\d newer/).isVisible()
    })
    expect(await box.evaluate((list) => list.scrollTop)).toBe(400)
    await page.page.getByText(/\d newer/).click()
    await page.row('new').first().waitFor()
  })
})

describe('compose', () => {
  it('tells what is wrong while one types, and what the server answered', async () => {
    const page = await DashboardPage.open(browser, server.url)
    await page.untilCarriedBy('websocket')
    const payload = page.page.getByLabel('Payload, as JSON')
    await payload.fill('{"id": }')
    await page.page.getByText('No JSON').waitFor()
    expect(await page.button('Broadcast').isDisabled()).toBe(true)
    await payload.fill('{"id": 8}')
    await page.button('Broadcast').click()
    await page.page.getByText('1 connection reached').waitFor()
    await page.row('{"id":8}').waitFor()
  })

  it('shows a refusal as the server words it', async () => {
    const page = await DashboardPage.open(browser, server.url)
    await page.button('Who am I: anonymous').click()
    await page.page.getByLabel('Name').fill('bob')
    await page.button('Become bob').click()
    await page.button('Who am I: bob').waitFor()
    await page.page.keyboard.press('Escape')
    await page.page.getByText('Broadcast', { exact: true }).first().click()
    await page.button('Broadcast').click()
    await page.page.getByText('403 forbidden').waitFor()
  })
})

it('shows another user nothing of the one before, and publishes nothing in his name', async () => {
  const page = await DashboardPage.open(browser, server.url)
  await page.untilCarriedBy('websocket')
  await api.send({ type: 'for.anonymous' })
  await page.row('for.anonymous').click()
  await page.button('Pause').click()
  await page.startLoad(20, 60)
  await page.button('Who am I: anonymous').click()
  await page.page.getByLabel('Name').fill('alice')
  await page.button('Become alice').click()
  await page.button('Who am I: alice').waitFor()
  await page.page.getByText('for.anonymous').first().waitFor({ state: 'detached' })
  expect(await page.button('Stop').count()).toBe(0)
  await api.broadcast({ type: 'for.alice', userId: 'alice' })
  await page.row('for.alice').waitFor()
})

it('keeps a token in memory alone', async () => {
  const guarded = await startTestServer({
    dashboardFolder,
    authenticate: ({ token }) =>
      token === 'a-secret-token' ? { userId: 'carol', roles: ['admin'] } : null,
  })
  try {
    const page = await DashboardPage.open(browser, guarded.url)
    await page.page.getByLabel('Token').fill('a-secret-token')
    await page.button('Use this token').click()
    await page.button('Who am I: carol').waitFor()
    await page.untilCarriedBy('websocket')
    expect(page.requested.filter((url) => url.includes('secret'))).toEqual([])
    const kept = await page.page.evaluate(() => JSON.stringify([localStorage, sessionStorage]))
    expect(kept).not.toContain('secret')
    await page.page.reload()
    await page.page.getByText('nobody yet').waitFor()
  } finally {
    await browser.closePages()
    await guarded.close()
  }
})

describe.each([
  ['dark, on a wide screen', { colorScheme: 'dark', width: 1440 }],
  ['light, on a phone', { colorScheme: 'light', width: 360 }],
] as const)('%s', (_, look) => {
  it('has nothing serious to say against it for who uses a keyboard or a screen reader', async () => {
    const page = await DashboardPage.open(browser, server.url, look)
    await page.untilCarriedBy('websocket')
    await api.broadcast({ type: 'greeting', payload: { text: 'Hello' } })
    await page.row('greeting').click()
    await page.button('Who am I: anonymous').click()
    await page.page.evaluate(axe.source)
    const { violations } = await page.page.evaluate(() =>
      (globalThis as unknown as { axe: typeof axe }).axe.run(),
    )
    const told = violations.map(({ id, impact, nodes }) => ({ id, impact, at: nodes[0]?.html }))
    expect(told).toEqual([])
  })

  it('fits the width', async () => {
    const page = await DashboardPage.open(browser, server.url, look)
    await page.untilCarriedBy('websocket')
    await page.page.getByLabel('Topic to subscribe to').fill('t'.repeat(200))
    await page.button('Subscribe').click()
    await api.broadcast({ type: `l${'o'.repeat(120)}ng`, payload: 'x'.repeat(2000) })
    await page.row('ong').click()
    const { scrollWidth, clientWidth } = await page.page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement
      return { scrollWidth, clientWidth }
    })
    expect(scrollWidth).toBeLessThanOrEqual(clientWidth)
  })
})

it('asks nobody but its own server, and breaks no content policy', async () => {
  const page = await DashboardPage.open(browser, server.url)
  await page.untilCarriedBy('websocket')
  await page.startLoad(10, 1)
  await page.untilVerified(10)
  const { host } = new URL(server.url)
  expect([...new Set(page.requested.map((url) => new URL(url).host))]).toEqual([host])
  expect(page.complaints).toEqual([])
})

it('weighs at most 150 kB on its first load', async () => {
  const page = await browser.newPage()
  const files = new Map<string, Promise<number>>()
  page.on('response', (response) => {
    const { pathname } = new URL(response.url())
    if (!pathname.startsWith('/api')) files.set(pathname, sentBytes(response))
  })
  await page.goto(server.url, { waitUntil: 'networkidle' })
  await page.locator('[data-transport="websocket"][data-state="carries"]').waitFor()
  const sizes = await Promise.all(files.values())
  expect([...files.keys()].filter((path) => path.endsWith('.js')).length).toBeGreaterThan(1)
  expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(MAX_FIRST_LOAD_BYTES)
})

async function sentBytes(response: Response): Promise<number> {
  const body = await response.body()
  return response.headers()['content-encoding'] === undefined ? body.length : gzipSync(body).length
}
