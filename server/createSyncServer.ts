// The composition root: the only place that knows every part, and the library's entry.

import type { Server } from 'node:http'
import { performance } from 'node:perf_hooks'
import type { Since } from '../shared/cursor.js'
import { ConfigError } from '../shared/errors.js'
import { parseOrThrow } from '../shared/message.js'
import { type Principal, type Revocation, revocationSchema } from '../shared/principal.js'
import { parseSettings } from './config.js'
import { createConvex, createDuties } from './convex.js'
import { ConnectionHub } from './delivery/ConnectionHub.js'
import { drain } from './delivery/drain.js'
import { endExpired } from './delivery/endExpired.js'
import { createFaultLog } from './faultLog.js'
import { createNewId } from './ids.js'
import { closeServer, listen, listeningAt } from './listen.js'
import { createLog, reach, sinkInto, sweepRegularly } from './log.js'
import { createLogger } from './logger.js'
import { RedisConnections } from './redis/RedisConnections.js'
import { createApi } from './routes/api.js'
import { answerFaults } from './routes/faults.js'
import { createHealthRouter } from './routes/health.js'
import { createMetricsHandler } from './routes/metrics.js'
import { createServe } from './routes/serve.js'
import { createStatus } from './routes/status.js'
import { createSyncRouter } from './routes/sync.js'
import { createRoutes } from './routes/syncRoutes.js'
import { type SyncServer, type SyncServerOptions, settingsAmong } from './SyncServer.js'
import { Admission } from './security/Admission.js'
import { ConnectionLimits } from './security/ConnectionLimits.js'
import { Gate } from './security/Gate.js'
import { Publisher } from './security/Publisher.js'
import { RealtimeSyncService } from './services/RealtimeSyncService.js'
import { socketsFor } from './socketLimits.js'
import { createStandalone } from './standaloneApp.js'
import { Compression } from './transports/Compression.js'
import { Turnstile } from './transports/Turnstile.js'
import { WebSocketManager } from './transports/WebSocketManager.js'
import { createTrust } from './trust.js'

export { ConfigError, SyncError } from '../shared/errors.js'
export type { Message, MessageDraft, ResyncReason } from '../shared/message.js'
export type { Principal, PrincipalInput, Revocation } from '../shared/principal.js'
export type { Broker, BrokerSink, Publication, Receipt } from './brokers/Broker.js'
export type { SettingsInput } from './config.js'
export type { SyncServer, SyncServerOptions } from './SyncServer.js'
export type { AuthorizeTopic } from './security/Access.js'
export type { Authenticate, AuthenticationRequest } from './security/authenticate.js'
export type { Integration, IntegrationHost } from './services/Integration.js'
export type { Published, RealtimeSyncService } from './services/RealtimeSyncService.js'

/** How often connections whose token has expired are ended, and budgets and keys let go of. */
const EXPIRE_EVERY_MS = 1000

/**
 * Builds a sync server and starts its log. Throws `ConfigError` where the settings can't work or
 * would leave the door open.
 */
export async function createSyncServer(options: SyncServerOptions = {}): Promise<SyncServer> {
  const settings = parseSettings(settingsAmong(options))
  const {
    wallNow = Date.now,
    monotonicNow = () => performance.now(),
    random = Math.random,
    authenticate,
    authorizeTopic,
  } = options
  const logger = options.logger ?? createLogger(settings.logLevel)
  const onFault = createFaultLog(logger, monotonicNow)
  const newId = createNewId(Date.now)
  const convex = await createConvex(settings, options.convex)
  const redis =
    settings.redisUrl === undefined
      ? undefined
      : new RedisConnections({ url: settings.redisUrl, prefix: settings.redisPrefix, logger })
  const parts = { settings, redis, logger, onFault, wallNow, monotonicNow }
  const gate = new Gate({
    isDelivering: () => broker.isDelivering ?? true,
    isLogShared: redis !== undefined,
  })
  const trust = closingOnFault(redis, () => createTrust({ ...parts, authenticate, authorizeTopic }))
  const { isOpenMode, access, validity, places, ...guards } = trust

  const { log, broker, keeper } = closingOnFault(redis, () =>
    createLog({ ...parts, broker: options.broker }),
  )
  const hub = new ConnectionHub({
    log,
    heartbeatMs: settings.heartbeatMs,
    monotonicNow,
    onFault,
  })
  const compression = settings.compression
    ? new Compression({ minBytes: settings.compressionMinBytes, hub })
    : undefined
  const savedBytes = () => compression?.savedBytes ?? 0
  const sync = new RealtimeSyncService({
    broker,
    log,
    maxPayloadBytes: settings.maxPayloadBytes,
    newId,
  })
  const endStale = () => endExpired(hub, (principal) => validity.isCurrent(principal))
  const revoke = async (revocation: Revocation, by?: Principal) => {
    const told = validity.revoke(revocation)
    const ended = endStale()
    await told.catch((error: unknown) => {
      logger.warn({ ...revocation, by: by?.userId }, 'not revoked on all nodes')
      throw error
    })
    logger.info({ ...revocation, by: by?.userId }, 'revoked')
    return ended
  }
  const caps = {
    maxConnections: settings.maxConnections,
    maxPerUser: settings.maxConnectionsPerUser,
    maxPerAddress: settings.maxConnectionsPerAddress,
  }
  const limits = new ConnectionLimits(caps)
  const publisher = new Publisher({ sync, access, gate, validity, rateLimits: guards.rateLimits })
  const reading = {
    hub,
    log,
    access,
    addressOf: guards.addressOf,
    limits,
    admission: new Admission({ limits, places, validity, gate }),
    answerLimits: new ConnectionLimits(caps),
    turnstile: new Turnstile(),
    random,
    wallNow,
    monotonicNow,
    gate,
    validity,
    reach: (since: Since) => reach(broker, since),
    heartbeatMs: settings.heartbeatMs,
    maxPayloadBytes: settings.maxPayloadBytes,
    compression,
    maxTopics: settings.maxTopicsPerConnection,
    maxFramesPerSecond: settings.maxFramesPerSecond,
    newId,
  }
  const webSockets = new WebSocketManager({ ...reading, ...guards, publisher, onFault })
  const nodes = () => broker.nodes ?? 1
  const facts = { monotonicNow, isOpenMode, settings, integrations: { convex } }
  const status = createStatus({ hub, sync, nodes, savedBytes, gate, ...facts })
  const routes = createRoutes({
    poll: reading,
    stream: reading,
    publisher,
    ...guards,
    async revoke(by, revocation) {
      // The body may have taken its time.
      validity.assertCurrent(by)
      return revoke(revocation, by)
    },
    maxPayloadBytes: settings.maxPayloadBytes,
    status,
  })
  const { corsOrigins } = settings
  const serve = createServe({ ...guards, corsOrigins, gate, onFault })
  const { hostRules } = guards
  const api = createApi({ sync: createSyncRouter(routes, serve), hostRules, onFault })

  const sink = sinkInto(log, hub, () => gate.logBegan())
  const duties = createDuties(parts)
  try {
    await Promise.all([broker.start(sink), trust.start()])
    convex?.start({ ...parts, sync, duties, random, ...settings })
  } catch (error) {
    await duties.stop()
    await closeLog().catch(onFault)
    throw error
  }
  hub.start()
  const stopSweeping = sweepRegularly(log, settings)
  const expirer = setInterval(() => {
    endStale()
    guards.rateLimits.sweep()
    broker.sweep?.()
  }, EXPIRE_EVERY_MS)
  expirer.unref()
  let listening: Promise<Server[]> | undefined
  let closing: Promise<void> | undefined

  return {
    isOpenMode,
    sync,
    publish: (draft, publishOptions) => sync.publish(draft, publishOptions),
    revoke: async (revocation) =>
      revoke(parseOrThrow(revocationSchema, revocation, 'invalid_request')),
    stats: () => status.describe('admin'),

    attach(host) {
      const { app, server } = { ...host }
      if (typeof app?.use !== 'function' || typeof server?.on !== 'function') {
        throw new ConfigError('attach needs { app, server }: an Express app and its http.Server')
      }
      webSockets.attach(server)
      app.use(api)
      // A host's own body parser may have refused a body before it came to us.
      app.use('/api/sync', answerFaults(onFault))
    },

    async listen() {
      if (listening !== undefined || gate.isDraining) {
        throw new ConfigError('listen() can be called once, and not after close()')
      }
      const onRequest = createStandalone({
        api,
        routes,
        serve,
        health: createHealthRouter(status),
        metrics: settings.metrics
          ? createMetricsHandler({ hub, sync, ...guards, status, savedBytes })
          : undefined,
        dashboardFolder: settings.dashboard ? options.dashboardFolder : undefined,
        hostRules,
        onFault,
      })
      const { host, port, trustProxy, maxConnections, maxConnectionsPerAddress } = settings
      const attach = (server: Server) => webSockets.attach(server)
      const sockets = {
        max: socketsFor(maxConnections),
        maxPerAddress: trustProxy === 0 ? socketsFor(maxConnectionsPerAddress) : Infinity,
      }
      listening = listen({ host, port, onRequest, attach, sockets })
      return listeningAt(host, await listening)
    },

    close() {
      closing ??= stop()
      return closing
    },
  }

  async function stop(): Promise<void> {
    gate.phase = 'draining'
    logger.info({ connections: hub.size }, 'draining')
    // At once, so that another node takes over while this one drains.
    const dutiesLeft = duties.stop()
    webSockets.refuseWaiting()
    await drain({
      hub,
      spreadMs: settings.reconnectSpreadMs,
      timeoutMs: drainTimeoutMs(settings.shutdownTimeoutMs, keeper?.timeToSaveMs),
      random,
      monotonicNow,
    })
    webSockets.destroyAll()
    hub.stop()
    stopSweeping()
    clearInterval(expirer)
    const servers = await listening?.catch(() => [])
    await Promise.all((servers ?? []).map(closeServer))
    // Until then, who was connected without having asked for anything may still ask for a WebSocket.
    webSockets.detach()
    webSockets.destroyAll()
    gate.phase = 'closed'
    await Promise.all([dutiesLeft, convex?.stop()])
    await closeLog()
    logger.info('stopped')
  }

  async function closeLog(): Promise<void> {
    try {
      await broker.close()
    } finally {
      trust.stop()
      redis?.close()
    }
  }
}

/** A server that was refused leaves no connection behind. */
function closingOnFault<Part>(redis: RedisConnections | undefined, create: () => Part): Part {
  try {
    return create()
  } catch (error) {
    redis?.close()
    throw error
  }
}

/** What is left for clients of the time that a stop may take. */
function drainTimeoutMs(timeoutMs: number, timeToSaveMs = 0): number {
  return Math.max(timeoutMs / 2, timeoutMs - timeToSaveMs)
}
