// A page behind a real nginx that stands in the way of WebSockets, or of event streams, too.

import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { type Nginx, type NginxVariant, startNginx } from '../support/nginx.js'
import { TestBrowser } from '../support/TestBrowser.js'
import { ProbedPage } from './ProbedPage.js'
import { expectPromptStart, expectReturn, Scene } from './Scene.js'

const TIMEOUT_MS = 150_000
/** Long enough for a healthy client to settle on what works here. */
const MESSAGES_UNDER_FAULT = 250
/** Longer than the proxy lets a connection be silent, and than the server is. */
const SILENCE_MS = 25_000

let browser: TestBrowser
let scene: Scene
let nginx: Nginx
let page: ProbedPage

beforeAll(async () => {
  browser = await TestBrowser.start()
})
afterAll(() => browser.close())

beforeEach(async () => {
  scene = await Scene.start()
  nginx = await startNginx({ upstreamPort: scene.port })
  scene.publisher.start()
})
afterEach(async () => {
  await browser.closePages()
  await scene.close()
  await nginx.stop()
})

async function open(variant: NginxVariant): Promise<void> {
  await nginx.reload(variant)
  page = await ProbedPage.open(browser, nginx.url)
  await expectPromptStart(page, `nginx: ${variant}`)
}

it.each([
  ['drops the upgrade’s headers', 'noUpgrade'],
  ['buffers event streams besides', 'buffers'],
  ['cuts what is idle for 10 s', 'cutsIdle'],
] as const)(
  'loses nothing behind an nginx that %s, and returns to WebSocket after it is mended',
  async (_what, variant) => {
    await open(variant)
    await page.more(MESSAGES_UNDER_FAULT, 20_000)
    await expectReturn(page, () => nginx.reload('plain'))
    await scene.expectContinuous(page)
  },
  TIMEOUT_MS,
)

it(
  'hears at once what comes after a silence in which idle connections were cut',
  async () => {
    await open('cutsIdle')
    await scene.publisher.stop()
    await delay(SILENCE_MS)
    const n = scene.publisher.count
    scene.publisher.start()
    await page.more(50)
    const { received } = await scene.expectContinuous(page)
    const first = received.find((message) => message.n === n)
    expect((first?.at ?? Number.NaN) - scene.publisher.sentAt(n)).toBeLessThan(2000)
  },
  TIMEOUT_MS,
)
