// Another system that publishes here for as long as the server runs: what it is given, and what the
// server asks of it.

import type { Duties } from './duties/Duties.js'
import type { RealtimeSyncService } from './RealtimeSyncService.js'

export interface IntegrationHost {
  readonly sync: Pick<RealtimeSyncService, 'publish' | 'publishBatch' | 'forceResync'>
  readonly duties: Duties
  /** How long an idempotency key is remembered: the time in which a retry publishes once. */
  readonly idempotencyTtlMs: number
  /** Largest payload that can be published, as JSON. */
  readonly maxPayloadBytes: number
  readonly onFault: (error: unknown) => void
  /** Unix milliseconds. */
  readonly wallNow: () => number
  readonly monotonicNow: () => number
  readonly random: () => number
}

export interface Integration {
  /** Called once, when there is a log. */
  start(host: IntegrationHost): void
  /** What an admin sees in `GET /status`. */
  status(): object
  /** Ends what it does, while there still is a log. */
  stop(): Promise<void>
}
