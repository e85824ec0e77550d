// The example `convex-dashboard` in real pages, on the stand-in: what one person orders by a mutation
// of Convex, the others see, once and whatever the network lets through.

import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import type { Page } from 'playwright-core'
import { type Program, startProgram } from '../support/program.js'
import { TestBrowser } from '../support/TestBrowser.js'
import { waitFor } from '../support/waitFor.js'

type User = 'ann' | 'ben'

let browser: TestBrowser
let shop: Program

beforeAll(async () => {
  const env = { PORT: '0', npm_config_update_notifier: 'false' }
  const options = { folder: 'examples/convex-dashboard', env }
  // Without what comes before it: that builds, and others run what is built meanwhile.
  shop = await startProgram('npm', ['start', '--ignore-scripts'], options)
  browser = await TestBrowser.start()
})
afterEach(() => browser.closePages())
afterAll(async () => {
  await browser?.close()
  await shop?.kill()
})

/** A tab of its own, signed in and connected. `prepare` comes before anything is loaded. */
async function open(
  user: User,
  transport = 'websocket',
  prepare?: (page: Page) => Promise<unknown>,
): Promise<Page> {
  const page = await browser.newPage()
  await prepare?.(page)
  await page.goto(shop.url)
  await page.getByRole('button', { name: `I am ${user}` }).click()
  await waitFor(`a connection by ${transport}`, async () =>
    (await page.getByRole('status').textContent())?.endsWith(`connected by ${transport}`),
  )
  return page
}

async function order(page: Page, item: string): Promise<void> {
  await page.getByRole('textbox').fill(item)
  await page.getByRole('button', { name: 'Order', exact: true }).click()
}

const itemsOf = (page: Page, list = 'Orders, newest first') =>
  page.getByRole('list', { name: list }).locator('.item').allTextContents()

/** Waits until the page has this as its newest order, and expects no order to be there twice. */
async function expectNewest(page: Page, item: string): Promise<void> {
  await waitFor(item, async () => (await itemsOf(page))[0] === item)
  const items = await itemsOf(page)
  expect(items).toEqual([...new Set(items)])
}

it('shows an order of one tab in another, by WebSocket', async () => {
  const [ann, ben] = await Promise.all([open('ann'), open('ben')])
  await order(ann, 'fountain pen')
  await Promise.all([expectNewest(ann, 'fountain pen'), expectNewest(ben, 'fountain pen')])
  await order(ben, 'ink')
  await Promise.all([expectNewest(ann, 'ink'), expectNewest(ben, 'ink')])
})

it('does so by polling where the network blocks WebSockets and streams', async () => {
  const ann = await open('ann')
  const ben = await open('ben', 'long-poll', async (page) => {
    await page.routeWebSocket(/\/ws$/, (socket) => socket.close())
    await page.route('**/api/sync/stream**', (route) => route.abort())
  })
  await order(ann, 'paper')
  await expectNewest(ben, 'paper')
  await order(ben, 'blotter')
  await expectNewest(ann, 'blotter')
})

it('tells the one who ordered, and nobody else, that it is on its way', async () => {
  const [ann, ben] = await Promise.all([open('ann'), open('ben')])
  await order(ann, 'nib')
  await expectNewest(ben, 'nib')
  const row = ben.locator('.orders li').first()
  await row.getByRole('button', { name: 'Pack' }).click()
  await row.getByRole('button', { name: 'Send' }).click()
  await ann.getByText('On its way').waitFor()
  await row.getByText('sent').waitFor()
  expect(await ben.locator('.notifications li').count()).toBe(0)
})

it('follows a download in the tabs of its owner alone, also when a scheduled function changes it', async () => {
  const [tab, otherTab, ben] = await Promise.all([open('ann'), open('ann'), open('ben')])
  await tab.getByRole('button', { name: 'Ask for the catalogue' }).click()
  for (const page of [tab, otherTab]) await page.getByText('ready').waitFor()
  expect(await itemsOf(otherTab, 'Your downloads')).toEqual(['catalogue 1'])
  expect(await itemsOf(ben, 'Your downloads')).toEqual([])
})

it('publishes nothing of an order that is refused', async () => {
  const [ann, ben] = await Promise.all([open('ann'), open('ben')])
  const before = await itemsOf(ben)
  await ann.getByRole('textbox').evaluate((input) => input.removeAttribute('maxlength'))
  await order(ann, 'x'.repeat(81))
  await ann.getByRole('alert').waitFor()
  await order(ann, 'sealing wax')
  await expectNewest(ben, 'sealing wax')
  expect(await itemsOf(ben)).toEqual(['sealing wax', ...before])
})
