// What the hub knows of a connection: what it reads, where it stands, and how to hand it a batch.
// A held poll is a connection that lives for one delivery.

import type { AudienceKey } from '../../shared/audience.js'
import type { Position } from '../../shared/cursor.js'
import type { Principal } from '../../shared/principal.js'
import type { Batch } from './Batch.js'

export type TransportName = 'websocket' | 'sse' | 'longPoll'

export interface Connection {
  readonly transport: TransportName
  readonly principal: Principal
  /** The audiences it reads, each from the position at which it was added. The hub alone writes it. */
  readonly reading: Map<AudienceKey, Position>
  /** Everything up to here was sent, or was not for it. */
  readonly position: Position
  /** False while it reads the log by itself, because it fell behind. */
  readonly isLive: boolean
  /** Whether a forced resync reaches it: a poll from `now` or `0` has no position to lose. */
  readonly hearsForced: boolean
  /**
   * Takes what a turn that ends at `upTo` holds for it: from here on it stands there. Must not throw
   * for a fault of its own.
   */
  deliver(batch: Batch, upTo: Position): void
  /** Reads the log by itself, because a batch would no longer be true. */
  catchUp(): void
  /** Another log took the place of the one that it reads: say so, and go on in that. */
  restart(): void
  /** Called at least once per heartbeat interval. */
  beat(): void
  /** The server goes away: say so, and how many ms from now to come back. */
  drain(reconnectAfterMs: number): void
  /** Its principal no longer counts: say so, and end. */
  expire(): void
  /** The end of the drain, within reason. */
  close(): void
  /** No more patience. */
  destroy(): void
}
