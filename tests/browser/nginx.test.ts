// A page behind a real nginx that stands in the way of WebSockets, or of event streams, too.

import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from '@jest/globals'
import { type NginxVariant, startNginx } from '../support/nginx.js'
import type { ProbedPage } from './ProbedPage.js'
import { expectReturn, openPromptly } from './Scene.js'
import { setUp } from './setUp.js'

const TIMEOUT_MS = 150_000
/** Long enough for a healthy client to settle on what works here. */
const MESSAGES_UNDER_FAULT = 250
/** Longer than the proxy lets a connection be silent, and than the server is. */
const SILENCE_MS = 25_000

const setting = setUp(
  (upstreamPort) => startNginx({ upstreamPort }),
  (nginx) => nginx.stop(),
)
let page: ProbedPage

async function open(variant: NginxVariant): Promise<void> {
  await setting.between.reload(variant)
  page = await openPromptly(setting.browser, setting.between.url, `nginx: ${variant}`)
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
    await expectReturn(page, () => setting.between.reload('plain'))
    await setting.scene.expectContinuous(page)
  },
  TIMEOUT_MS,
)

it(
  'hears at once what comes after a silence in which idle connections were cut',
  async () => {
    await open('cutsIdle')
    await setting.scene.publisher.stop()
    await delay(SILENCE_MS)
    const n = setting.scene.publisher.count
    setting.scene.publisher.start()
    await page.more(50)
    const { received } = await setting.scene.expectContinuous(page)
    const first = received.find((message) => message.n === n)
    expect((first?.at ?? Number.NaN) - setting.scene.publisher.sentAt(n)).toBeLessThan(2000)
  },
  TIMEOUT_MS,
)
