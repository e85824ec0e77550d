// The seam between "publish" and "the log has it". A broker knows neither HTTP nor sockets.

import type { AudienceKey } from '../../shared/audience.js'
import type { Cursor, Position } from '../../shared/cursor.js'
import type { Appendable, Entry } from './Entry.js'

/** What is appended as one: its items are in the log all or none, next to each other, in order. */
export interface Publication {
  readonly items: readonly Appendable[]
  /** Given with a key: the same key and content publishes nothing again. */
  readonly idempotency?: Idempotency | undefined
  /** Asks how many connections it reaches, on all nodes. */
  readonly isCounted?: boolean | undefined
}

export interface Idempotency {
  /** The key, scoped to its user so that two users' keys never meet. */
  readonly key: string
  /** A digest of the content and of the audience that it resolved to. */
  readonly fingerprint: string
}

/** What became of one publication. For a duplicate, what became of the first. */
export interface Receipt {
  /** One per message, in the publication's order. */
  readonly ids: readonly string[]
  /** Where the last item stands. */
  readonly position: Position
  readonly cursor: string
  readonly isDuplicate: boolean
  /** How many connections it reached, where that was asked for; 0 for a duplicate. */
  readonly recipients?: number
  /** A node did not say in time how many it has. */
  readonly isPartial?: boolean
}

/** Who takes what a broker hands over. */
export interface BrokerSink {
  /**
   * A log begins: from here on, cursors carry this epoch. Before its first entry, and again where
   * another log took its place: then what it retains follows at once, in `apply`, up to `began`.
   * `lostUpTo`: what stood up to there can't be told any more.
   */
  begin(epoch: string, start: Position, lostUpTo?: Position): void
  /** All that the new log retained was applied: readers of the one before go on in this one. */
  began(): void
  /**
   * The next entry. Called in strictly rising order of position, once per entry. `ageMs`: how long
   * ago it was appended, by the clock of whoever keeps the log.
   */
  apply(entry: Entry, ageMs?: number): void
  /** Entries up to here left before this node has seen them: nobody can be told what they were. */
  lose(upTo: Position): void
  /** How many connections an audience has here, by a message or by a forced resync. */
  count(audience: readonly AudienceKey[], kind: Entry['kind']): number
}

/**
 * Puts what is published in one total order and hands it to every node.
 *
 * Ordering: `sink.apply` sees entries in the order of their positions, which never repeat or fall;
 * nothing behind the broker reorders. Two `append`s made one after the other by the same caller
 * keep their order.
 *
 * Atomicity: one `append` is one step: the idempotency checks, the keys' marks and the entries
 * happen together or not at all. When it resolves, the log of this node has the entries.
 *
 * Failure: rejects with a `SyncError`: `idempotency_conflict` for a key that was used with other
 * content, `unavailable` where nothing was applied and nothing ever will be.
 */
export interface Broker {
  /**
   * Names the epoch and starts to hand over entries. Called once. Resolves when there is a log, or
   * it is clear that there is none for now; it may come later.
   */
  start(sink: BrokerSink): Promise<void>
  append(publications: readonly Publication[]): Promise<readonly Receipt[]>
  /** Whether entries reach this node. Default: always, once it has started. */
  readonly isDelivering?: boolean
  /** How many nodes share the log. Default: 1. */
  readonly nodes?: number
  /**
   * Whether a cursor may be ahead of what was handed over here, and not of the log. Default: never.
   */
  isAhead?(cursor: Cursor): boolean
  /**
   * Waits until what is at the cursor was handed over: true, or it is clear that it never will be,
   * since the cursor is no position of this log: false. Rejects with `unavailable` where neither is
   * clear in time.
   */
  reach?(cursor: Cursor): Promise<boolean>
  /** Lets go of what it need not remember any more, some of it: called every second. */
  sweep?(): void
  close(): Promise<void>
}
