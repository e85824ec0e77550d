// Prometheus metrics. Gauges read the parts when they are scraped; nothing is counted twice.

import type { RequestHandler } from 'express'
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { ConnectionHub } from '../delivery/ConnectionHub.js'
import type { RealtimeSyncService } from '../services/RealtimeSyncService.js'

interface MetricsOptions {
  readonly hub: ConnectionHub
  readonly sync: RealtimeSyncService
}

/** Answers `GET /metrics` from a registry of its own. */
export function createMetricsHandler({ hub, sync }: MetricsOptions): RequestHandler {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  gauge(registry, 'syncline_log_messages', 'Messages in the log', () => sync.stats().log.messages)
  gauge(registry, 'syncline_log_bytes', 'Bytes in the log', () => sync.stats().log.bytes)
  gauge(
    registry,
    'syncline_log_audiences',
    'Audiences with messages',
    () => sync.stats().log.audiences,
  )
  gauge(
    registry,
    'syncline_published',
    'Messages published since start',
    () => sync.stats().published,
  )
  gauge(
    registry,
    'syncline_delivered',
    'Messages handed to connections since start',
    () => hub.delivered,
  )
  new Gauge({
    name: 'syncline_connections',
    help: 'Connections by transport',
    labelNames: ['transport'],
    registers: [registry],
    collect() {
      for (const [transport, count] of Object.entries(hub.countByTransport())) {
        this.set({ transport }, count)
      }
    },
  })

  return async (_req, res) => {
    const text = await registry.metrics()
    res.writeHead(200, { 'Content-Type': registry.contentType, 'Cache-Control': 'no-store' })
    res.end(text)
  }
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read())
    },
  })
}
