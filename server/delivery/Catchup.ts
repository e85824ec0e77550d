// Topics that a live connection added with a `since`: what they hold from there up to the
// connection's position, read page by page, without what the connection was sent already.

import type { AudienceKey } from '../../shared/audience.js'
import { comparePositions, type Position } from '../../shared/cursor.js'
import type { ResyncReason } from '../../shared/message.js'
import type { Entry } from '../brokers/Entry.js'
import type { MessageQueueService } from '../services/MessageQueueService.js'
import { resyncReason, type Start } from '../services/resume.js'

/** What a connection was sent of one audience: everything after `after`, up to `upTo`. */
export interface SentSpan {
  readonly key: AudienceKey
  readonly after: Position
  readonly upTo: Position
}

interface CatchupOptions {
  readonly log: MessageQueueService
  readonly keys: readonly AudienceKey[]
  readonly start: Start
  /** The connection's position: what comes after it is delivered in the ordinary way. */
  readonly upTo: Position
  /** What the connection will have been sent before this begins. */
  readonly sent: readonly SentSpan[]
  /** Told when everything was read, and why continuity could not be proven, if so. */
  readonly onDone: (reason: ResyncReason | undefined) => void
}

export class Catchup {
  readonly #options: CatchupOptions
  readonly #keys: Set<AudienceKey>
  #sent: readonly SentSpan[]
  #position: Position
  #reason: ResyncReason | undefined
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

  /**
   * A topic may be dropped, or its right lost, while this goes on or waits. What an earlier
   * catch-up was to send of it is not sure then, and better sent twice than not at all.
   */
  drop(key: AudienceKey): void {
    this.#keys.delete(key)
    this.#sent = this.#sent.filter((span) => span.key !== key)
  }

  /** The next messages. */
  read(bounds: { limit: number; maxBytes: number }): Entry[] {
    const { log, start, upTo } = this.#options
    const reading = new Map([...this.#keys].map((key) => [key, start.position]))
    const page = log.read(reading, this.#position, { ...bounds, upTo })
    const isForced = page.entries.some(({ kind }) => kind === 'resync')
    this.#reason ??= resyncReason(start, page.losses, isForced)
    this.#position = page.position
    this.#isDone = !page.hasMore
    const isNews = (entry: Entry) => entry.kind === 'message' && !wasSent(entry, this.#sent)
    return page.entries.filter(isNews)
  }
}

function wasSent(entry: Entry, sent: readonly SentSpan[]): boolean {
  return sent.some(
    ({ key, after, upTo }) =>
      comparePositions(after, entry) < 0 &&
      comparePositions(entry, upTo) <= 0 &&
      entry.audience.includes(key),
  )
}
