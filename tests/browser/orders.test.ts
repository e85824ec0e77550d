// The example `react-orders` in real pages: what one person does, the others see, once and whatever
// the network does.

import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import type { Page, Route } from 'playwright-core'
import { freePort } from '../support/freePort.js'
import { type Program, startProgram } from '../support/program.js'
import { TestBrowser } from '../support/TestBrowser.js'
import { waitFor } from '../support/waitFor.js'

type User = 'ann' | 'ben'

const FOLDER = 'examples/react-orders'
const ORDERS = '**/orders'

let browser: TestBrowser
let shop: Program
let port: string

beforeAll(async () => {
  port = String(await freePort())
  const env = { PORT: port, npm_config_update_notifier: 'false' }
  // Without what comes before it: that builds, and others run what is built meanwhile.
  shop = await startProgram('npm', ['start', '--ignore-scripts'], { folder: FOLDER, env })
  browser = await TestBrowser.start()
})
afterEach(() => browser.closePages())
afterAll(async () => {
  await browser?.close()
  await shop?.kill()
})

/** A tab of its own, signed in. `prepare` comes before anything is loaded. */
async function open(user: User, prepare?: (page: Page) => Promise<unknown>): Promise<Page> {
  const page = await browser.newPage()
  await prepare?.(page)
  await page.goto(shop.url)
  await page.getByRole('button', { name: `I am ${user}` }).click()
  return page
}

/** Orders by way of the page. */
async function order(page: Page, item: string): Promise<void> {
  await page.getByRole('textbox').fill(item)
  await page.getByRole('button', { name: 'Order' }).click()
}

/** Orders from elsewhere: the page that is looked at has no part in it. */
async function orderElsewhere(user: User, item: string): Promise<void> {
  const headers = { Authorization: `Bearer ${user}-token`, 'Content-Type': 'application/json' }
  const body = JSON.stringify({ item })
  const { status } = await fetch(`${shop.url}/orders`, { method: 'POST', headers, body })
  expect(status).toBe(201)
}

/** What something waits for, and how to let it go on. */
function signal(): readonly [() => void, Promise<void>] {
  let give = () => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return [give, given]
}

const itemsOf = (page: Page) => page.locator('.orders .item').allTextContents()
const stateOf = (page: Page) => page.getByRole('status').textContent()

async function untilConnected(page: Page, transport = 'websocket'): Promise<void> {
  const isSo = async () => (await stateOf(page))?.endsWith(`connected by ${transport}`)
  await waitFor(`a connection by ${transport}`, isSo)
}

/** Waits until the page has this as its newest order, and expects no order to be there twice. */
async function expectNewest(page: Page, item: string): Promise<void> {
  await waitFor(item, async () => (await itemsOf(page))[0] === item)
  const items = await itemsOf(page)
  expect(items).toEqual([...new Set(items)])
}

it('shows what one person orders to the other, and only once to either', async () => {
  const [ann, ben] = await Promise.all([open('ann'), open('ben')])
  await Promise.all([untilConnected(ann), untilConnected(ben)])
  await order(ann, 'flat white')
  await order(ben, 'croissant')
  await Promise.all([expectNewest(ann, 'croissant'), expectNewest(ben, 'croissant')])
  expect(await itemsOf(ann)).toEqual(['croissant', 'flat white'])
  expect(await itemsOf(ben)).toEqual(['croissant', 'flat white'])
})

it('tells the one who ordered, on all of his tabs and nobody else, that it is ready', async () => {
  const [tab, otherTab, ben] = await Promise.all([open('ann'), open('ann'), open('ben')])
  await Promise.all([tab, otherTab, ben].map((page) => untilConnected(page)))
  await order(tab, 'soup')
  await expectNewest(ben, 'soup')
  const row = ben.locator('.orders li').first()
  await row.getByRole('button', { name: 'Begin' }).click()
  await row.getByRole('button', { name: 'Done' }).click()
  for (const page of [tab, otherTab]) {
    await page.getByText('soup, for you').waitFor()
    expect(await page.locator('.orders li').first().getAttribute('data-status')).toBe('ready')
  }
  await row.getByText('ready').waitFor()
  expect(await ben.locator('.notifications li').count()).toBe(0)
})

it('does so where the network swallows WebSockets', async () => {
  // Routed to nowhere: it opens, and nothing comes.
  const ben = await open('ben', (page) => page.routeWebSocket(/\/ws$/, () => {}))
  await untilConnected(ben, 'sse')
  await orderElsewhere('ann', 'tea')
  await expectNewest(ben, 'tea')
})

it('knows of what changed before its connection stood', async () => {
  const [asked, connecting] = signal()
  const [release, allowed] = signal()
  const ben = await open('ben', async (page) => {
    await page.routeWebSocket(/\/ws$/, () => {})
    await page.route('**/api/sync/**', async (route) => {
      asked()
      await allowed
      await route.continue()
    })
  })
  await connecting
  await orderElsewhere('ann', 'early cake')
  release()
  await expectNewest(ben, 'early cake')
})

it('keeps what it hears while it fetches, though the answer may be older', async () => {
  const [asked, fetching] = signal()
  const [release, allowed] = signal()
  const hold = async (route: Route) => {
    const response = await route.fetch()
    asked()
    await allowed
    await route.fulfill({ response })
  }
  await orderElsewhere('ann', 'cookie')
  const ben = await open('ben', (page) => page.route(ORDERS, hold))
  await fetching
  await orderElsewhere('ann', 'late cake')
  await expectNewest(ben, 'late cake')
  expect(await itemsOf(ben)).toHaveLength(1)
  release()
  await waitFor('the answer', async () => (await itemsOf(ben)).length > 1)
  await expectNewest(ben, 'late cake')
})

it('says so where the orders can not be fetched, and tries again when asked', async () => {
  await orderElsewhere('ann', 'muffin')
  const ben = await open('ben', (page) => page.route(ORDERS, (route) => route.abort()))
  await ben.getByText('could not be fetched').waitFor()
  await ben.unroute(ORDERS)
  await ben.getByRole('button', { name: 'Try again' }).click()
  await expectNewest(ben, 'muffin')
  expect(await ben.getByRole('alert').count()).toBe(0)
})

it('shows what there is after the server has started anew', async () => {
  await orderElsewhere('ann', 'last of the day')
  const ben = await open('ben')
  await untilConnected(ben)
  await expectNewest(ben, 'last of the day')
  await shop.kill()
  await waitFor('the loss to show', async () => (await stateOf(ben))?.includes('reconnecting'))
  shop = await startProgram('node', ['server.js'], { folder: FOLDER, env: { PORT: port } })
  await orderElsewhere('ann', 'first of the day')
  await waitFor('it to be all there is', async () => {
    const items = await itemsOf(ben)
    return items.length === 1 && items[0] === 'first of the day'
  })
  await untilConnected(ben)
  await orderElsewhere('ann', 'second')
  await expectNewest(ben, 'second')
})
