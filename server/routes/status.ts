// What the server says of itself: little to anybody, to services what they publish by, the details to
// admins.

import type { ConnectionHub } from '../delivery/ConnectionHub.js'
import type { Gate } from '../security/Gate.js'
import type { Integration } from '../services/Integration.js'
import type { RealtimeSyncService } from '../services/RealtimeSyncService.js'

interface StatusOptions {
  readonly hub: ConnectionHub
  readonly sync: RealtimeSyncService
  /** How many share the log. */
  readonly nodes: () => number
  /** What compression spared. */
  readonly savedBytes: () => number
  readonly gate: Gate
  readonly monotonicNow: () => number
  readonly isOpenMode: boolean
  /** What else publishes here, by name. */
  readonly integrations: Readonly<Record<string, Integration | undefined>>
  /** The log's bounds, told beside its sizes, and how long keys are remembered. */
  readonly settings: {
    readonly idempotencyTtlMs: number
    readonly messageTtlMs: number
    readonly maxMessagesPerAudience: number
    readonly maxLogBytes: number
  }
}

export type StatusReader = 'anyone' | 'service' | 'admin'

export interface Status {
  /** The body of `GET /status`. */
  describe(reader: StatusReader): object
  /** Whether this node is delivering. */
  readonly isReady: boolean
  /** How many share the log. */
  readonly nodes: number
}

export function createStatus(options: StatusOptions): Status {
  const { hub, sync, nodes, savedBytes, gate, monotonicNow, isOpenMode, settings } = options
  const { messageTtlMs: ttlMs, maxMessagesPerAudience, maxLogBytes: maxBytes } = settings
  const { idempotencyTtlMs } = settings
  const startedAt = monotonicNow()
  const integrations = Object.entries(options.integrations)
  return {
    get isReady() {
      return gate.isReady
    },
    get nodes() {
      return nodes()
    },
    describe(reader) {
      const status = gate.isReady ? 'ok' : 'degraded'
      const uptimeMs = Math.round(monotonicNow() - startedAt)
      const forAll = { success: true, status, uptimeMs, openMode: isOpenMode }
      if (reader === 'anyone') return forAll
      if (reader === 'service') return { ...forAll, idempotencyTtlMs }
      const { published, log } = sync.stats()
      return {
        ...forAll,
        idempotencyTtlMs,
        connections: { total: hub.size, ...hub.countByTransport() },
        log: { ...log, maxBytes, maxMessagesPerAudience, ttlMs },
        published,
        delivered: hub.delivered,
        savedBytes: savedBytes(),
        memoryBytes: process.memoryUsage.rss(),
        nodes: nodes(),
        ...Object.fromEntries(
          integrations.flatMap(([name, integration]) =>
            integration === undefined ? [] : [[name, integration.status()]],
          ),
        ),
      }
    },
  }
}
