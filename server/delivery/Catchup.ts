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
  /** What the connection was sent by now: asked when this begins. */
  readonly sent: () => readonly SentSpan[]
  /** Told when everything was read, and why continuity could not be proven, if so. */
  readonly onDone: (reason: ResyncReason | undefined) => void
}

export class Catchup {
  readonly #options: CatchupOptions
  readonly #keys: Set<AudienceKey>
  readonly #losses = new KnownLosses()
  /** What this sent before a loss. */
  readonly #sentBeforeLoss: SentSpan[] = []
  /** What was sent before this began, from when on it is known. */
  #sent: readonly SentSpan[] | undefined
  #position: Position
  #reason: ResyncReason | undefined
  #isDone = false

  constructor(options: CatchupOptions) {
    this.#options = options
    this.#keys = new Set(options.keys)
    this.#position = options.start.position
  }

  get isDone(): boolean {
    return this.#isDone
  }

  tellDone(): void {
    this.#options.onDone(this.#reason)
  }

  /** The log that it read is no more. */
  tellLost(): void {
    this.#options.onDone('epoch')
  }

  /** What this has sent by now. */
  get spans(): readonly SentSpan[] {
    return [...this.#sentBeforeLoss, ...[...this.#keys].map((key) => this.#spanOf(key))]
  }

  /** A topic is dropped, or its right lost. Returns what this has sent of it. */
  drop(key: AudienceKey): readonly SentSpan[] {
    const spans = this.spans.filter((span) => span.key === key)
    this.#keys.delete(key)
    return spans
  }

  /** The next messages. */
  read(bounds: { limit: number; maxBytes: number }): Entry[] {
    const { log, start, upTo } = this.#options
    const reading = new Map([...this.#keys].map((key) => [key, start.position]))
    const page = log.read(reading, this.#position, { ...bounds, upTo })
    // Who came without a position had nothing to lose but what is lost from now on.
    if (this.#sent === undefined && start.hears === 'nothing') this.#losses.note(page.losses)
    this.#sent ??= this.#options.sent()
    const sent = this.#sent
    const entries = page.entries.filter((entry) => !isIn(sent, entry))
    const isForced = entries.some(({ kind }) => kind === 'resync')
    const heard = start.hears === 'nothing' ? { ...start, hears: 'losses' as const } : start
    const losses = this.#losses.news(page.losses)
    this.#reason ??= resyncReason(heard, losses, isForced)
    this.#sentBeforeLoss.push(...losses.map(({ key }) => this.#spanOf(key)))
    this.#losses.note(losses)
    this.#position = page.position
    this.#isDone = !page.hasMore
    return entries.filter(({ kind }) => kind === 'message')
  }

  #spanOf(key: AudienceKey): SentSpan {
    return this.#losses.spanOf(key, this.#options.start.position, this.#position)
  }
}

function isIn(spans: readonly SentSpan[], entry: Entry): boolean {
  return spans.some(
    ({ key, after, upTo }) =>
      comparePositions(after, entry) < 0 &&
      comparePositions(entry, upTo) <= 0 &&
      entry.audience.includes(key),
  )
}
