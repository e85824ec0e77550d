// The seam between "publish" and "the log has it". A broker knows neither HTTP nor sockets.

import type { Position } from '../../shared/cursor.js'
import type { Appendable, Entry } from './Entry.js'

/** What is appended as one: its items are in the log all or none, next to each other, in order. */
export interface Publication {
  readonly items: readonly Appendable[]
  /** Given with a key: the same key and content publishes nothing again. */
  readonly idempotency?: Idempotency | undefined
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
}

/** Who takes what a broker hands over. */
export interface BrokerSink {
  /** A log begins: from here on, cursors carry this epoch. Always before its first entry. */
  begin(epoch: string, start: Position): void
  /** The next entry. Called in strictly rising order of position, once per entry. */
  apply(entry: Entry): void
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
  /** Names the epoch and starts to hand over entries. Called once. */
  start(sink: BrokerSink): Promise<void>
  append(publications: readonly Publication[]): Promise<readonly Receipt[]>
  close(): Promise<void>
}
