// What the server says of itself: little to anybody, the details to admins.

import type { ConnectionHub } from '../delivery/ConnectionHub.js'
import type { Gate } from '../security/Gate.js'
import type { RealtimeSyncService } from '../services/RealtimeSyncService.js'

interface StatusOptions {
  readonly hub: ConnectionHub
  readonly sync: RealtimeSyncService
  /** How many share the log. */
  readonly nodes: () => number
  readonly gate: Gate
  readonly monotonicNow: () => number
  readonly isOpenMode: boolean
  /** The log's bounds, told beside its sizes. */
  readonly settings: {
    readonly messageTtlMs: number
    readonly maxMessagesPerAudience: number
    readonly maxLogBytes: number
  }
}

export interface Status {
  /** The body of `GET /status`. */
  describe(isForAdmin: boolean): object
  /** Whether this node is delivering. */
  readonly isReady: boolean
  /** How many share the log. */
  readonly nodes: number
}

export function createStatus(options: StatusOptions): Status {
  const { hub, sync, nodes, gate, monotonicNow, isOpenMode, settings } = options
  const { messageTtlMs: ttlMs, maxMessagesPerAudience, maxLogBytes: maxBytes } = settings
  const startedAt = monotonicNow()
  return {
    get isReady() {
      return gate.isReady
    },
    get nodes() {
      return nodes()
    },
    describe(isForAdmin) {
      const status = gate.isReady ? 'ok' : 'degraded'
      const uptimeMs = Math.round(monotonicNow() - startedAt)
      const forAll = { success: true, status, uptimeMs, openMode: isOpenMode }
      if (!isForAdmin) return forAll
      const { published, log } = sync.stats()
      return {
        ...forAll,
        connections: { total: hub.size, ...hub.countByTransport() },
        log: { ...log, maxBytes, maxMessagesPerAudience, ttlMs },
        published,
        delivered: hub.delivered,
        memoryBytes: process.memoryUsage.rss(),
        nodes: nodes(),
      }
    },
  }
}
