// What one client has been told and sent so far, as far as it takes to say nothing twice and to
// leave nothing out: losses and forced resyncs it knows of, and what it was sent before a loss, by
// a catch-up, or of topics that it no longer reads.

import type { AudienceKey } from '../../shared/audience.js'
import { comparePositions, earlierOf, laterOf, ORIGIN, type Position } from '../../shared/cursor.js'
import type { Entry } from '../brokers/Entry.js'
import type { Loss } from '../services/Page.js'

/** How many spans are remembered. What is in one that was forgotten may be sent again. */
const MAX_SENT_SPANS = 200

/**
 * What a connection was sent of one audience: everything after `after`, up to `upTo`. Never across
 * a loss: what one audience has lost, another may still hold.
 */
export interface SentSpan {
  readonly key: AudienceKey
  readonly after: Position
  readonly upTo: Position
}

/** Losses that a client knows of, or had no position to lose: each is told once. */
export class KnownLosses {
  /** Most connections never lose anything. */
  #known: Map<AudienceKey, Position> | undefined

  note(losses: readonly Loss[]): void {
    if (losses.length === 0) return
    this.#known ??= new Map()
    for (const { key, position } of losses) this.#known.set(key, position)
  }

  forget(key: AudienceKey): void {
    this.#known?.delete(key)
  }

  /** What was sent of an audience that is read from `from` on: what comes behind its last loss. */
  spanOf(key: AudienceKey, from: Position, upTo: Position): SentSpan {
    return { key, after: laterOf(from, this.#known?.get(key) ?? ORIGIN), upTo }
  }

  /** Those of `losses` that reach further than what is known of their audience. */
  news(losses: readonly Loss[]): readonly Loss[] {
    return losses.filter(
      ({ key, position }) => comparePositions(position, this.#known?.get(key) ?? ORIGIN) > 0,
    )
  }
}

export class Told {
  readonly losses = new KnownLosses()
  /** Of one audience, no two of them meet. */
  #sent: SentSpan[] = []
  #forced: { readonly upTo: Position; readonly audiences: ReadonlySet<AudienceKey> } | undefined

  get sent(): readonly SentSpan[] {
    return this.#sent
  }

  noteSent(spans: readonly SentSpan[]): void {
    for (const span of spans) this.#noteSent(span)
    this.#sent.splice(0, this.#sent.length - MAX_SENT_SPANS)
  }

  #noteSent(span: SentSpan): void {
    if (comparePositions(span.after, span.upTo) >= 0) return
    const met = this.#sent.filter((other) => doMeet(span, other))
    const joined = met.reduce(join, span)
    this.#sent = [...this.#sent.filter((other) => !met.includes(other)), joined]
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

function doMeet(a: SentSpan, b: SentSpan): boolean {
  const isApart = comparePositions(a.upTo, b.after) < 0 || comparePositions(b.upTo, a.after) < 0
  return a.key === b.key && !isApart
}

function join(a: SentSpan, b: SentSpan): SentSpan {
  return { key: a.key, after: earlierOf(a.after, b.after), upTo: laterOf(a.upTo, b.upTo) }
}
