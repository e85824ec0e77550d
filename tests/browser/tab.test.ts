// What happens to the tab rather than to the network: it goes offline, or out of sight.

import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from '@jest/globals'
import { FaultProxy } from '../support/FaultProxy.js'
import type { ProbedPage } from './ProbedPage.js'
import { expectReturn, openPromptly } from './Scene.js'
import { setUp } from './setUp.js'

const TIMEOUT_MS = 150_000
/** Well within what the server keeps, at 50 messages a second. */
const OFFLINE_MS = 6000

const setting = setUp(
  (port) => FaultProxy.start(port),
  (proxy) => proxy.close(),
)
let page: ProbedPage

/** Headless Chromium shows every page, so the page is told otherwise by what it reads and hears. */
function show(state: 'visible' | 'hidden'): Promise<void> {
  return page.page.evaluate((visibilityState) => {
    Object.defineProperties(document, {
      visibilityState: { value: visibilityState, configurable: true },
      hidden: { value: visibilityState === 'hidden', configurable: true },
    })
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
  }, state)
}

it(
  'carries on where it was when it goes offline and comes back',
  async () => {
    page = await openPromptly(setting.browser, setting.between.url, 'tab: offline later')
    await page.onWebSocket(5000)
    await page.more(50)
    await page.page.context().setOffline(true)
    setting.between.fault = { kind: 'blackhole' }
    await delay(OFFLINE_MS)
    setting.between.lift()
    await page.page.context().setOffline(false)
    await setting.scene.expectCaughtUp(page, 5000)
    await page.onWebSocket(10_000)
    await setting.scene.expectContinuous(page)
  },
  TIMEOUT_MS,
)

it(
  'keeps its WebSocket when it is hidden, and when it is seen again',
  async () => {
    page = await openPromptly(setting.browser, setting.between.url, 'tab: hidden later')
    await page.onWebSocket(5000)
    await show('hidden')
    await page.more(150)
    await show('visible')
    await page.more(100)
    const { transports } = await setting.scene.expectContinuous(page)
    expect(transports.map(({ transport }) => transport).filter(Boolean)).toEqual(['websocket'])
  },
  TIMEOUT_MS,
)

it(
  'leaves connections to others while it is hidden without a WebSocket, and loses nothing',
  async () => {
    setting.between.fault = { kind: 'blocksWebSocket' }
    page = await openPromptly(
      setting.browser,
      setting.between.url,
      'tab: hidden on a fallback later',
    )
    await page.until('a stream', ({ transport }) => transport === 'sse')
    await show('hidden')
    await page.until('polling', ({ transport }) => transport === 'poll', 20_000)
    await page.more(50, 30_000)
    await show('visible')
    await page.until('a stream again', ({ transport }) => transport === 'sse', 20_000)
    await expectReturn(page, () => setting.between.lift())
    await setting.scene.expectContinuous(page)
  },
  TIMEOUT_MS,
)

it(
  'returns to WebSocket at once when it is seen again',
  async () => {
    setting.between.fault = { kind: 'blocksWebSocket' }
    page = await openPromptly(setting.browser, setting.between.url, 'tab: seen again later')
    await show('hidden')
    await delay(8000)
    setting.between.lift()
    await show('visible')
    await page.onWebSocket(2000)
    await page.more(50)
    await setting.scene.expectContinuous(page)
  },
  TIMEOUT_MS,
)
