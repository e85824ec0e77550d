// A machine that sleeps: for a minute the browser does not run and the network does not answer.
// What the server still holds is read on from where it was; of what it no longer holds, the page
// is told once.

import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { FaultProxy } from '../support/FaultProxy.js'
import { TestBrowser } from '../support/TestBrowser.js'
import { ProbedPage } from './ProbedPage.js'
import { breaksIn, Scene } from './Scene.js'

const SLEEP_MS = 60_000
const WAKING_MS = 30_000
/**
 * Four seconds' worth. The server goes on writing until it cuts the mute connection, within 45 s,
 * and what it wrote by then arrives on waking: of what came later, this must be only a part.
 */
const FORGOTTEN_AFTER = 200

interface Sleeper {
  readonly scene: Scene
  readonly proxy: FaultProxy
  readonly page: ProbedPage
}

let browser: TestBrowser
const sleepers: Sleeper[] = []

beforeAll(async () => {
  browser = await TestBrowser.start()
})
afterAll(async () => {
  await browser.close()
  for (const { scene, proxy } of sleepers) {
    await proxy.close()
    await scene.close()
  }
})

/** `kept`: how many messages its server holds. */
async function open(kept: number): Promise<Sleeper> {
  const scene = await Scene.start({ maxMessagesPerAudience: kept })
  const proxy = await FaultProxy.start(scene.port)
  scene.publisher.start()
  const page = await ProbedPage.open(browser, proxy.url)
  const sleeper = { scene, proxy, page }
  sleepers.push(sleeper)
  await page.onWebSocket(5000)
  await page.more(50)
  return sleeper
}

it('reads on after a sleep, or says once that it cannot', async () => {
  const [remembered, forgotten] = [await open(10_000), await open(FORGOTTEN_AFTER)]
  await browser.freeze()
  for (const { proxy } of sleepers) proxy.fault = { kind: 'blackhole' }
  await delay(SLEEP_MS)
  for (const { proxy } of sleepers) proxy.lift()
  browser.thaw()

  for (const { scene, page } of sleepers) {
    await scene.expectCaughtUp(page, WAKING_MS)
    await page.onWebSocket(WAKING_MS)
  }
  await remembered.scene.expectContinuous(remembered.page)
  const { received, resyncs } = await forgotten.scene.finish(forgotten.page)
  const breaks = breaksIn(received)
  expect({ resyncs: resyncs.length, breaks: breaks.length }).toEqual({ resyncs: 1, breaks: 1 })
  expect(received.every(({ n }, index) => index === 0 || n > received[index - 1]!.n)).toBe(true)
}, 180_000)
