// What one client has been told and sent so far, as far as it takes to say nothing twice and to
// leave nothing out: losses and forced resyncs it knows of, and topics that it no longer reads.

import type { AudienceKey } from '../../shared/audience.js'
import { comparePositions, ORIGIN, type Position } from '../../shared/cursor.js'
import type { Entry } from '../brokers/Entry.js'
import type { Loss } from '../services/MessageQueueService.js'

/** How many spans of dropped audiences are remembered. */
const MAX_DROPPED_SPANS = 200

/** What a connection was sent of one audience: everything after `after`, up to `upTo`. */
export interface SentSpan {
  readonly key: AudienceKey
  readonly after: Position
  readonly upTo: Position
}

/** Losses that a client knows of, or had no position to lose: each is told once. */
export class KnownLosses {
  readonly #known = new Map<AudienceKey, Position>()

  note(losses: readonly Loss[]): void {
    for (const { key, position } of losses) this.#known.set(key, position)
  }

  forget(key: AudienceKey): void {
    this.#known.delete(key)
  }

  /** Those of `losses` that reach further than what is known of their audience. */
  news(losses: readonly Loss[]): readonly Loss[] {
    return losses.filter(
      ({ key, position }) => comparePositions(position, this.#known.get(key) ?? ORIGIN) > 0,
    )
  }
}

export class Told {
  readonly losses = new KnownLosses()
  readonly #dropped: SentSpan[] = []
  #forced: { readonly upTo: Position; readonly audiences: ReadonlySet<AudienceKey> } | undefined

  /** What was sent of audiences that are no longer read. */
  get dropped(): readonly SentSpan[] {
    return this.#dropped
  }

  drop(spans: readonly SentSpan[]): void {
    this.#dropped.push(...spans)
    this.#dropped.splice(0, this.#dropped.length - MAX_DROPPED_SPANS)
  }

  /** `connected` has told of what was forced on these audiences up to here, or had no one to tell. */
  connected(audiences: readonly AudienceKey[], upTo: Position): void {
    this.#forced = { upTo, audiences: new Set(audiences) }
  }

  /** The connection has read past all that `connected` told of. */
  caughtUp(): void {
    this.#forced = undefined
  }

  /** Whether `entry` is a forced resync that `connected` has told of. */
  isForcedKnown(entry: Entry): boolean {
    if (entry.kind === 'message' || this.#forced === undefined) return false
    const { upTo, audiences } = this.#forced
    return comparePositions(entry, upTo) <= 0 && entry.audience.some((key) => audiences.has(key))
  }
}
