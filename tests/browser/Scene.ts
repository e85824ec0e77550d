// A server that publishes numbered messages to everyone while a page reads them, and what must
// hold of that page, whatever lies between the two.

import { appendFileSync } from 'node:fs'
import { expect } from '@jest/globals'
import type { SyncServerOptions } from '../../server/createSyncServer.js'
import type { GuestServer } from '../support/guestServer.js'
import { NumberedPublisher } from '../support/NumberedPublisher.js'
import { startPageServer } from '../support/pageServer.js'
import type { TestBrowser } from '../support/TestBrowser.js'
import { type Glance, ProbedPage, type Recorded } from './ProbedPage.js'

/** The contract: no network may cost a newcomer more silence than this. */
const FIRST_MESSAGE_MS = 3000
const OPENINGS = 3
/** The return is tried for ever less often; this is long enough for any of these tests. */
const RETURN_MS = 90_000

export class Scene {
  readonly server: GuestServer
  readonly publisher: NumberedPublisher

  private constructor(server: GuestServer) {
    this.server = server
    this.publisher = new NumberedPublisher(server.sync)
  }

  static async start(options: SyncServerOptions = {}): Promise<Scene> {
    return new Scene(await startPageServer(options))
  }

  get port(): number {
    return Number(new URL(this.server.url).port)
  }

  async close(): Promise<void> {
    await this.publisher.stop()
    await this.server.close()
  }

  /**
   * Ends the publishing and expects of the page that it has everything from its first message to
   * the last that was published, in order and once, and was never told that it lost anything.
   */
  async expectContinuous(page: ProbedPage): Promise<Recorded> {
    const recorded = await this.finish(page)
    const { received, resyncs } = recorded
    expect(breaksIn(received)).toEqual([])
    expect(resyncs).toEqual([])
    return recorded
  }

  /** Waits until the page has what was published a moment ago. */
  async expectCaughtUp(page: ProbedPage, withinMs: number): Promise<void> {
    const isSo = ({ last = -1 }: Glance) => last >= this.publisher.count - 25
    await page.until('what is new', isSo, withinMs)
  }

  /** Ends the publishing and waits until the page has the last message. */
  async finish(page: ProbedPage): Promise<Recorded> {
    await this.publisher.stop()
    const end = this.publisher.count - 1
    await page.until('the last message', ({ last }) => last === end, 30_000)
    return page.recorded()
  }
}

/** Where the numbers don't go up by one: `before → after`. */
export function breaksIn(received: readonly { readonly n: number }[]): string[] {
  return received.flatMap(({ n }, index) => {
    const before = received[index - 1]?.n
    return before === undefined || n === before + 1 ? [] : [`${before} → ${n}`]
  })
}

/**
 * Opens a page, and expects its first message in time: a crowded machine is late now and then, what
 * stands in between is late each time. With `MEASURE=1` the time goes to `MEASURE_FILE` as well, for
 * medians over many runs.
 */
export async function openPromptly(
  browser: TestBrowser,
  url: string,
  fault: string,
): Promise<ProbedPage> {
  const late: number[] = []
  while (late.length < OPENINGS) {
    const page = await ProbedPage.open(browser, url)
    const firstMessageMs = Math.round(await page.firstMessageMs())
    const { MEASURE, MEASURE_FILE } = process.env
    if (MEASURE === '1' && MEASURE_FILE !== undefined) {
      appendFileSync(MEASURE_FILE, `${JSON.stringify({ fault, firstMessageMs })}\n`)
    }
    if (firstMessageMs < FIRST_MESSAGE_MS) return page
    late.push(firstMessageMs)
    await page.page.context().close()
  }
  throw new Error(`the first message took ${late.join(', ')} ms each time`)
}

/** Lifts the fault and expects the page on a WebSocket again, with messages coming over it. */
export async function expectReturn(page: ProbedPage, lift: () => unknown): Promise<void> {
  await lift()
  await page.onWebSocket(RETURN_MS)
  await page.more(50)
}
