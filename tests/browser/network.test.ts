// A page behind a network that swallows, resets, slices or holds back what it carries.

import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from '@jest/globals'
import { FaultProxy } from '../support/FaultProxy.js'
import type { Fault } from '../support/faults.js'
import type { ProbedPage } from './ProbedPage.js'
import { expectReturn, openPromptly } from './Scene.js'
import { setUp } from './setUp.js'

const TIMEOUT_MS = 150_000

const setting = setUp(
  (port) => FaultProxy.start(port),
  (proxy) => proxy.close(),
)
let page: ProbedPage

async function open(kind: Fault['kind']): Promise<void> {
  setting.between.fault = { kind }
  page = await openPromptly(setting.browser, setting.between.url, `network: ${kind}`)
}

it.each([
  ['is as it should be', 'none', 100],
  ['answers upgrades and swallows every frame', 'swallowAfterUpgrade', 300],
  // Long enough for several connections to be reset.
  ['resets every connection after 1–5 s', 'resets', 750],
  ['carries every byte alone', 'slices', 250],
  // Long enough for the stream to come free, late, with what others have delivered.
  ['holds the first 64 kB of a stream back', 'holdsFirstStreamBytes', 500],
] as const)(
  'loses nothing where the network %s, and is on WebSocket when that is over',
  async (_what, kind, messagesUnderFault) => {
    await open(kind)
    await page.more(messagesUnderFault, 60_000)
    await expectReturn(page, () => setting.between.lift())
    await setting.scene.expectContinuous(page)
  },
  TIMEOUT_MS,
)

it(
  'returns at once when the page hears that it is online, however often it had failed',
  async () => {
    await open('blocksWebSocket')
    await delay(8000)
    setting.between.lift()
    await page.page.evaluate(() => window.dispatchEvent(new Event('online')))
    await page.onWebSocket(2000)
    await page.more(50)
    await setting.scene.expectContinuous(page)
    expect((await page.glance()).status).toBe('connected')
  },
  TIMEOUT_MS,
)
