// The page of a server that verifies tokens: it asks for one by itself, goes on with it, and asks again
// when it has expired; and it says when a limit that was reached begins anew.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import axe from 'axe-core'
import { SignJWT } from 'jose'
import type { Locator } from 'playwright-core'
import { Api } from '../support/Api.js'
import { TestBrowser } from '../support/TestBrowser.js'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { DashboardPage } from './DashboardPage.js'

const SECRET = 'a secret that is long enough for HS256'
const LIFE_MS = 10 * 60_000

let browser: TestBrowser
let server: TestServer
/** How far the server's clock is ahead. */
let aheadMs: number
const wallNow = () => Date.now() + aheadMs

beforeAll(async () => {
  browser = await TestBrowser.start()
})
afterAll(() => browser.close())
beforeEach(async () => {
  aheadMs = 0
  server = await startTestServer({
    dashboardFolder: 'dist/dashboard',
    authJwtSecret: SECRET,
    rateLimitMax: 20,
    wallNow,
  })
})
afterEach(async () => {
  await browser.closePages()
  await server.close()
})

function tokenOf(sub: string, roles: readonly string[] = []): Promise<string> {
  return new SignJWT({ sub, roles })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt(new Date(wallNow()))
    .setExpirationTime(new Date(wallNow() + LIFE_MS))
    .sign(new TextEncoder().encode(SECRET))
}

const cardOf = ({ page }: DashboardPage): Locator => page.locator('.identity-card:popover-open')
const fieldOf = (page: DashboardPage): Locator => cardOf(page).getByLabel('Token')

/** Gives it to the card, which has to be open. */
async function give(page: DashboardPage, token: string): Promise<void> {
  await fieldOf(page).fill(token)
  await page.button('Use this token').click()
  await cardOf(page).waitFor({ state: 'detached' })
}

/** The page of somebody who is connected. */
async function openAs(sub: string, roles: readonly string[] = []): Promise<DashboardPage> {
  const page = await DashboardPage.open(browser, server.url)
  await give(page, await tokenOf(sub, roles))
  await page.untilCarriedBy('websocket')
  return page
}

it('asks for a token by itself, says where to get one, and works with it', async () => {
  const page = await DashboardPage.open(browser, server.url)
  await cardOf(page).getByText('npx syncline token --user alice --roles admin').waitFor()
  expect(await fieldOf(page).evaluate((field) => field === document.activeElement)).toBe(true)
  await page.page.keyboard.type(await tokenOf('alice', ['admin']))
  await page.page.keyboard.press('Enter')
  await page.button('Who am I: alice').waitFor()
  await page.untilCarriedBy('websocket')
  await page.button('Broadcast').click()
  await page.page.getByText('1 connection reached').waitFor()
  await page.row('order.created').waitFor()
  expect(await cardOf(page).count()).toBe(0)
  expect(page.complaints).toEqual([])
})

it('begins with what who is no admin may do', async () => {
  const page = await DashboardPage.open(browser, server.url)
  await page.page.getByText('A token is needed.').waitFor()
  await give(page, await tokenOf('alice'))
  await page.untilCarriedBy('websocket')
  const curl = page.page.getByText('Authorization: Bearer $TOKEN')
  expect(await curl.textContent()).toContain(`${server.url}/api/sync/send`)
  await page.button('Send').click()
  await page.page.getByText('The log has it').waitFor()
  await page.row('order.created').waitFor()
})

it('asks again where the token is refused, and says why', async () => {
  const page = await DashboardPage.open(browser, server.url)
  await fieldOf(page).fill('nonsense')
  await page.button('Use this token').click()
  await cardOf(page).getByText('not signed for this server').waitFor()
  await fieldOf(page).fill('nonsense')
  await cardOf(page).getByText('This is the one that was refused.').waitFor()
  expect(await page.button('Use this token').isDisabled()).toBe(true)
  await give(page, await tokenOf('alice'))
  await page.untilCarriedBy('websocket')
})

it('asks again when the token has expired, and goes on from where it stood with the next', async () => {
  const page = await openAs('alice')
  await new Api(server.url, await tokenOf('alice')).send({ type: 'before' })
  await page.row('before').waitFor()
  aheadMs = LIFE_MS
  await cardOf(page).getByText('expired').waitFor()
  const fresh = await tokenOf('alice')
  await new Api(server.url, fresh).send({ type: 'meanwhile' })
  await give(page, fresh)
  await page.untilCarriedBy('websocket')
  await page.row('meanwhile').waitFor()
  await page.row('before').waitFor()
  await page.untilFact('Resyncs', '0')
})

it('does not take the keyboard from who is writing when the token expires', async () => {
  const page = await openAs('alice')
  const payload = page.page.getByLabel('Payload, as JSON')
  await payload.focus()
  aheadMs = LIFE_MS
  await cardOf(page).waitFor()
  expect(await payload.evaluate((field) => field === document.activeElement)).toBe(true)
})

describe('a limit that was reached', () => {
  const UNTIL = /(is used up|leaves \d+ for now)\. Go on at \d\d:\d\d:\d\d, in 1[45] min \d\d s\./

  it('is told by a load, with the time from which on it goes on', async () => {
    const page = await openAs('alice')
    await page.startLoad(20, 10)
    await page.page.getByRole('alert').filter({ hasText: UNTIL }).waitFor()
    await page.button('Start').waitFor()
  })

  it('is told where one publishes by hand', async () => {
    const api = new Api(server.url, await tokenOf('alice'))
    const page = await openAs('alice')
    await api.send({ messages: Array.from({ length: 20 }, () => ({ type: 'many' })) })
    await page.button('Send').click()
    await page.page.getByText('429 rate_limited').waitFor()
    await page.page.getByRole('status').filter({ hasText: UNTIL }).waitFor()
  })
})

it.each(['dark', 'light'] as const)(
  'asks so that who uses a screen reader can answer, %s',
  async (colorScheme) => {
    const page = await DashboardPage.open(browser, server.url, { colorScheme, width: 390 })
    await cardOf(page).waitFor()
    await page.page.evaluate(axe.source)
    const violations = await page.page.evaluate(async () => {
      const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run(
        '.identity-card',
      )
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`)
    })
    expect(violations).toEqual([])
    const isWithin = await page.page.evaluate(
      () => document.documentElement.scrollWidth <= innerWidth,
    )
    expect(isWithin).toBe(true)
  },
)
