// What the server says of itself: little to anybody, the details to admins.

import type { ConnectionHub } from '../delivery/ConnectionHub.js'
import type { Gate } from '../security/Gate.js'
import type { RealtimeSyncService } from '../services/RealtimeSyncService.js'

interface StatusOptions {
  readonly hub: ConnectionHub
  readonly sync: RealtimeSyncService
  readonly gate: Gate
  readonly monotonicNow: () => number
}

export interface Status {
  /** The body of `GET /status`. */
  describe(isForAdmin: boolean): object
  /** Whether this node is delivering. */
  readonly isReady: boolean
}

export function createStatus({ hub, sync, gate, monotonicNow }: StatusOptions): Status {
  const startedAt = monotonicNow()
  return {
    get isReady() {
      return gate.isReady
    },
    describe(isForAdmin) {
      const status = gate.isReady ? 'ok' : 'degraded'
      const forAll = { success: true, status, uptimeMs: Math.round(monotonicNow() - startedAt) }
      if (!isForAdmin) return forAll
      const { published, log } = sync.stats()
      return {
        ...forAll,
        connections: { total: hub.size, ...hub.countByTransport() },
        log,
        published,
        delivered: hub.delivered,
        memoryBytes: process.memoryUsage.rss(),
        nodes: 1,
      }
    },
  }
}
