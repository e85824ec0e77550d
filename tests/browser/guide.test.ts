// The guide in real pages: after each step, what it says that one sees.

import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import type { Page } from 'playwright-core'
import { Newcomer } from '../support/Newcomer.js'
import { TestBrowser } from '../support/TestBrowser.js'
import { waitFor } from '../support/waitFor.js'

let browser: TestBrowser
let newcomer: Newcomer

beforeAll(async () => {
  newcomer = await Newcomer.start()
  for (const step of ['1. ', '2. ', '3. ']) await newcomer.follow(step)
  browser = await TestBrowser.start()
})
afterEach(() => browser.closePages())
afterAll(async () => {
  await browser?.close()
  await newcomer?.end()
})

/** A window; where it asks for a token, it is given this one. */
async function open(token = 'dev:ann', url = newcomer.url): Promise<Page> {
  const page = await browser.newPage()
  page.on('dialog', (dialog) => void dialog.accept(token))
  await page.goto(url)
  return page
}

const itemsOf = (page: Page) =>
  page.locator('li').evaluateAll((items) => items.map(({ firstChild }) => firstChild?.textContent))

async function expectItems(page: Page, ...items: readonly string[]): Promise<void> {
  await waitFor(`${items}`, async () => String(await itemsOf(page)) === String(items))
}

const expectState = (page: Page, state: string) =>
  page.getByRole('status').filter({ hasText: state }).waitFor({ timeout: 10_000 })

async function order(item: string, token = 'dev:ann'): Promise<void> {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` }
  const body = JSON.stringify({ item })
  await fetch(`${newcomer.url}/orders`, { method: 'POST', headers, body })
}

it('4. shows what was ordered when it is reloaded', async () => {
  await newcomer.follow('4. ')
  const page = await open()
  await expectItems(page, 'croissant')
  await order('tart')
  expect(await itemsOf(page)).toEqual(['croissant'])
  await page.reload()
  await expectItems(page, 'croissant', 'tart')
})

it('5. to 7. shows it at once, without WebSockets too, and stays in step over a restart', async () => {
  await newcomer.follow('5. ')
  const page = await open()
  await expectState(page, 'connected by websocket')
  await expectItems(page, 'tea')
  await newcomer.follow('6. ')
  await expectItems(page, 'tea', 'soup')
  const blocked = await open('', newcomer.blockedUrl)
  await expectState(blocked, 'connected by sse')
  await order('salad')
  await expectItems(page, 'tea', 'soup', 'salad')
  await expectItems(blocked, 'tea', 'soup', 'salad')

  await newcomer.restart()
  await order('toast')
  await expectItems(page, 'tea', 'soup', 'salad', 'toast')
  await newcomer.follow('7. ')
  await page.reload()
  await expectItems(page)
  await expectState(page, 'connected')
  await order('pear')
  await expectItems(page, 'pear')
  await newcomer.restart()
  await expectItems(page)
})

it('8. tells Ann alone that it is ready', async () => {
  await newcomer.follow('8. ')
  const [ann, ben] = await Promise.all([open('dev:ann'), open('dev:ben')])
  await Promise.all([expectState(ann, 'ann connected'), expectState(ben, 'ben connected')])
  await expectItems(ben, 'pizza')
  await ben.getByRole('button', { name: 'Ready' }).click()
  await ann.getByText('Ready: pizza').waitFor()
  for (const page of [ann, ben]) await page.getByText('pizza: ready').waitFor()
  expect(await ben.getByRole('alert').count()).toBe(0)
})

it('9. refuses whoever only says who he is', async () => {
  const stale = await open('dev:ann')
  await expectState(stale, 'ann connected')
  await newcomer.follow('9. ')
  const ann = await open('ann-token')
  await expectItems(ann, 'cake')
  await expectState(ann, 'ann connected')
  await expectState(stale, 'failed')
})
