// The test page in a browser, as a test sees it: what its client received so far, and the state
// that it is in.

import { setTimeout as delay } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import type { TestBrowser } from '../support/TestBrowser.js'
import type { Probe } from './page/page.js'

/** Often enough for what is timed, and no burden on what is watched. */
const LOOK_EVERY_MS = 50

export type Recorded = Omit<Probe, 'manager'>

/** A glance at the page. */
export interface Glance {
  readonly status: string
  readonly transport: string | undefined
  readonly count: number
  /** The number of the last message. */
  readonly last: number | undefined
  readonly resyncs: number
}

export class ProbedPage {
  readonly page: Page

  private constructor(page: Page) {
    this.page = page
  }

  /** Opens the page at `url`, which connects at once. */
  static async open(browser: TestBrowser, url: string): Promise<ProbedPage> {
    const page = await browser.newPage()
    await page.goto(url)
    return new ProbedPage(page)
  }

  glance(): Promise<Glance> {
    return this.page.evaluate(() => {
      const { manager, received, resyncs } = window.__probe
      const { status, transport } = manager.getSnapshot()
      return {
        status,
        transport,
        count: received.length,
        last: received.at(-1)?.n,
        resyncs: resyncs.length,
      }
    })
  }

  /** All that it has written down. */
  recorded(): Promise<Recorded> {
    return this.page.evaluate(() => {
      const { manager: _, ...recorded } = window.__probe
      return recorded
    })
  }

  /** Waits until a glance shows what is wanted; rejects with what there was instead. */
  async until(what: string, isSo: (glance: Glance) => boolean, withinMs = 10_000): Promise<Glance> {
    const deadline = Date.now() + withinMs
    for (;;) {
      const glance = await this.glance()
      if (isSo(glance)) return glance
      if (Date.now() > deadline) {
        const { transports, statuses, resyncs, errors } = await this.recorded()
        const seen = { glance, transports, statuses, resyncs, errors }
        throw new Error(`waited ${withinMs} ms in vain for ${what}: ${JSON.stringify(seen)}`)
      }
      await delay(LOOK_EVERY_MS)
    }
  }

  /** Milliseconds from `connect()` to the first message. */
  async firstMessageMs(): Promise<number> {
    await this.until('the first message', ({ count }) => count > 0, 30_000)
    const { openedAt, firstMessageAt = Number.NaN } = await this.recorded()
    return firstMessageAt - openedAt
  }

  /** Waits for so many messages more. */
  async more(count: number, withinMs?: number): Promise<void> {
    const { count: before } = await this.glance()
    const isSo = (glance: Glance) => glance.count >= before + count
    await this.until(`${count} messages more`, isSo, withinMs)
  }

  onWebSocket(withinMs: number): Promise<Glance> {
    return this.until('a WebSocket', ({ transport }) => transport === 'websocket', withinMs)
  }
}
