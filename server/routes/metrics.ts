// Prometheus metrics. They read the parts when they are scraped; nothing is counted twice.

import type { RequestHandler } from 'express'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { ConnectionHub } from '../delivery/ConnectionHub.js'
import type { RateLimits } from '../security/RateLimits.js'
import type { RealtimeSyncService } from '../services/RealtimeSyncService.js'
import type { Status } from './status.js'

interface MetricsOptions {
  readonly hub: ConnectionHub
  readonly sync: RealtimeSyncService
  readonly rateLimits: Pick<RateLimits, 'callers'>
  readonly status: Pick<Status, 'isReady' | 'nodes'>
  readonly savedBytes: () => number
}

/** Answers `GET /metrics` from a registry of its own. */
export function createMetricsHandler(options: MetricsOptions): RequestHandler {
  const { hub, sync, rateLimits, status, savedBytes } = options
  const registry = new Registry()
  const registers = [registry]
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(read())
      },
    })

  gauge('syncline_ready', '1 where this node is delivering', () => Number(status.isReady))
  gauge('syncline_nodes', 'Nodes that share the log', () => status.nodes)
  gauge('syncline_log_messages', 'Messages in the log', () => sync.stats().log.messages)
  gauge('syncline_log_bytes', 'Bytes in the log', () => sync.stats().log.bytes)
  gauge('syncline_log_audiences', 'Audiences in the log', () => sync.stats().log.audiences)
  gauge('syncline_rate_limit_callers', 'Callers that are counted', () => rateLimits.callers)
  counter('syncline_published_total', 'Messages published', () => sync.stats().published)
  counter('syncline_delivered_total', 'Entries written to connections', () => hub.delivered)
  counter('syncline_compression_saved_bytes_total', 'Bytes that compression spared', savedBytes)
  new Gauge({
    name: 'syncline_connections',
    help: 'Connections by transport',
    labelNames: ['transport'],
    registers,
    collect() {
      for (const [transport, count] of Object.entries(hub.countByTransport())) {
        this.set({ transport }, count)
      }
    },
  })

  collectDefaultMetrics({ register: registry })
  return async (_req, res) => {
    const text = await registry.metrics()
    res.writeHead(200, { 'Content-Type': registry.contentType, 'Cache-Control': 'no-store' })
    res.end(text)
  }
}
