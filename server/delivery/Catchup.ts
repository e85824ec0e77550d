// Topics that a live connection added with a `since`: what they hold from there up to the
// connection's position, read page by page, without what the connection was sent already.

import type { AudienceKey } from '../../shared/audience.js'
import { comparePositions, type Position } from '../../shared/cursor.js'
import type { ResyncReason } from '../../shared/message.js'
import type { Entry } from '../brokers/Entry.js'
import type { MessageQueueService } from '../services/MessageQueueService.js'
import { resyncReason, type Start } from '../services/resume.js'
import { KnownLosses, type SentSpan } from './Told.js'

interface CatchupOptions {
  readonly log: MessageQueueService
  readonly keys: readonly AudienceKey[]
  readonly start: Start
  /** The connection's position: what comes after it is delivered in the ordinary way. */
  readonly upTo: Position
  /** What the connection will have been sent when this begins. */
  readonly sent: readonly SentSpan[]
  /** Told when everything was read, and why continuity could not be proven, if so. */
  readonly onDone: (reason: ResyncReason | undefined) => void
}

export class Catchup {
  readonly #options: CatchupOptions
  readonly #keys: Set<AudienceKey>
  readonly #losses = new KnownLosses()
  #sent: readonly SentSpan[]
  #position: Position
  #reason: ResyncReason | undefined
  #hasBegun = false
  #isDone = false

  constructor(options: CatchupOptions) {
    this.#options = options
    this.#keys = new Set(options.keys)
    this.#sent = options.sent
    this.#position = options.start.position
  }

  get isDone(): boolean {
    return this.#isDone
  }

  tellDone(): void {
    this.#options.onDone(this.#reason)
  }

  has(key: AudienceKey): boolean {
    return this.#keys.has(key)
  }

  /** What was sent of a topic by now: before this catch-up, and by it. */
  spansOf(key: AudienceKey): readonly SentSpan[] {
    const own = { key, after: this.#options.start.position, upTo: this.#position }
    return [...this.#sent.filter((span) => span.key === key), own]
  }

  /** A topic is dropped, or its right lost, of which no more was `sent` than this. */
  drop(key: AudienceKey, sent: readonly SentSpan[]): void {
    this.#keys.delete(key)
    this.#sent = [...this.#sent.filter((span) => span.key !== key), ...sent]
  }

  /** The next messages. */
  read(bounds: { limit: number; maxBytes: number }): Entry[] {
    const { log, start, upTo } = this.#options
    const reading = new Map([...this.#keys].map((key) => [key, start.position]))
    const page = log.read(reading, this.#position, { ...bounds, upTo })
    const news = page.entries.filter((entry) => !this.#wasSent(entry))
    const isForced = news.some(({ kind }) => kind === 'resync')
    // Who came without a position had nothing to lose but what is lost from now on.
    if (!this.#hasBegun && start.hears === 'nothing') this.#losses.note(page.losses)
    const heard = start.hears === 'nothing' ? { ...start, hears: 'losses' as const } : start
    this.#reason ??= resyncReason(heard, this.#losses.news(page.losses), isForced)
    this.#hasBegun = true
    this.#position = page.position
    this.#isDone = !page.hasMore
    return news.filter(({ kind }) => kind === 'message')
  }

  #wasSent(entry: Entry): boolean {
    return this.#sent.some(
      ({ key, after, upTo }) =>
        comparePositions(after, entry) < 0 &&
        comparePositions(entry, upTo) <= 0 &&
        entry.audience.includes(key),
    )
  }
}
