// Where the log of a process outlives it: what the next process needs to go on in the same epoch.

import type { Position } from '../../shared/cursor.js'
import type { BrokerSink, Idempotency } from './Broker.js'

/** An idempotency key that was used, and what came of it. */
export interface KeptKey extends Idempotency {
  readonly ids: readonly string[]
  readonly position: Position
  /** How long it is still to be remembered, in milliseconds. */
  readonly remainingMs: number
}

/** What a broker knows of its log. */
export interface KeptLog {
  readonly epoch: string
  /** The last position that was given out: what comes next has to be after it. */
  readonly head: Position
  /** In the order in which they were used. */
  readonly keys: Iterable<KeptKey>
}

export interface LogKeeper {
  /**
   * Begins the log that an earlier process kept, with all that it retained, and lets go of what was
   * kept: it can't be loaded again. `undefined` where there is nothing to go on with, so that a new
   * log has to begin. Rejects with `ConfigError` where nothing could be kept.
   */
  load(sink: BrokerSink): Promise<KeptLog | undefined>
  /** To be told before an append: from then on no other log counts. Never throws. */
  claim(): void
  /** Keeps the log for the next process. Told once, after the last append; never rejects. */
  save(log: KeptLog): Promise<void>
}
