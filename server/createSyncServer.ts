// The composition root: the only place that knows every part, and the library's entry.

import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import { performance } from 'node:perf_hooks'
import type { Logger } from 'pino'
import { v7 as uuidv7 } from 'uuid'
import type { Since } from '../shared/cursor.js'
import { ConfigError } from '../shared/errors.js'
import { parseOrThrow } from '../shared/message.js'
import { type Principal, type Revocation, revocationSchema } from '../shared/principal.js'
import type { Broker, BrokerSink } from './brokers/Broker.js'
import { LocalBroker } from './brokers/LocalBroker.js'
import { RedisBroker } from './brokers/RedisBroker.js'
import { parseSettings, type Settings, type SettingsInput } from './config.js'
import { ConnectionHub } from './delivery/ConnectionHub.js'
import { drain } from './delivery/drain.js'
import { endExpired } from './delivery/endExpired.js'
import { createFaultLog } from './faultLog.js'
import { closeServer, type Listening, listen, listeningAt } from './listen.js'
import { createLogger } from './logger.js'
import { RedisConnections } from './redis/RedisConnections.js'
import { createApi } from './routes/api.js'
import { answerFaults } from './routes/faults.js'
import { createHealthRouter } from './routes/health.js'
import { createMetricsHandler } from './routes/metrics.js'
import { createStatus } from './routes/status.js'
import type { AuthorizeTopic } from './security/Access.js'
import { Admission } from './security/Admission.js'
import type { Authenticate } from './security/authenticate.js'
import { ConnectionLimits } from './security/ConnectionLimits.js'
import { Gate } from './security/Gate.js'
import { Publisher } from './security/Publisher.js'
import { MessageQueueService } from './services/MessageQueueService.js'
import { RealtimeSyncService } from './services/RealtimeSyncService.js'
import { SnapshotKeeper, type SnapshotKeeperOptions } from './services/SnapshotKeeper.js'
import { socketsFor } from './socketLimits.js'
import { createStandaloneApp } from './standaloneApp.js'
import { WebSocketManager } from './transports/WebSocketManager.js'
import { createTrust } from './trust.js'

export { ConfigError, SyncError } from '../shared/errors.js'
export type { Message, MessageDraft, ResyncReason } from '../shared/message.js'
export type { Principal, PrincipalInput, Revocation } from '../shared/principal.js'
export type { Broker, BrokerSink, Publication, Receipt } from './brokers/Broker.js'
export type { SettingsInput } from './config.js'
export type { AuthorizeTopic } from './security/Access.js'
export type { Authenticate, AuthenticationRequest } from './security/authenticate.js'
export type { Published, RealtimeSyncService } from './services/RealtimeSyncService.js'

/** How much is swept before the event loop gets a turn. */
const SWEEP_SLICE = 1000
const SWEEP_EVERY_MS = 60_000
/** How often connections are looked at whose token may have expired. */
const END_EXPIRED_EVERY_MS = 1000

export interface SyncServerOptions extends SettingsInput {
  /**
   * Who is who. Default: what the settings say (`authJwtSecret`, `authJwksUrl`), else open mode, for
   * a developer's own machine.
   */
  readonly authenticate?: Authenticate
  /** Who may use which topic. Default: the grants in the principal, and `public:` topics to read. */
  readonly authorizeTopic?: AuthorizeTopic
  /** Where the order of messages comes from. Default: this process. */
  readonly broker?: Broker
  /** Default: JSON lines on standard output at `logLevel`. */
  readonly logger?: Logger
  /** A folder of static files to serve at `/` when listening by itself. */
  readonly dashboardFolder?: string
  /** Unix milliseconds. Default: `Date.now`. */
  readonly wallNow?: () => number
  /** Milliseconds that never jump. Default: `performance.now`. */
  readonly monotonicNow?: () => number
  /** From 0 up to 1. Default: `Math.random`. */
  readonly random?: () => number
}

const PARTS: ReadonlySet<string> = new Set([
  'authenticate',
  'authorizeTopic',
  'broker',
  'logger',
  'dashboardFolder',
  'wallNow',
  'monotonicNow',
  'random',
] satisfies (keyof SyncServerOptions)[])

/** Anything that takes Express handlers: an app or a router. Says no Express type, of any version. */
interface ExpressLike {
  // biome-ignore lint/suspicious/noExplicitAny: handlers of Express 4 and 5 have no common type
  use(...handlers: any[]): unknown
}

/** A running sync server. */
export interface SyncServer {
  /** Whether nothing says who is who, and everybody is believed. */
  readonly isOpenMode: boolean
  /** Serves `/api/sync` from a host's Express app and `/ws` from its HTTP server, and nothing else. */
  attach(host: { readonly app: ExpressLike; readonly server: Server }): void
  /** Listens by itself, with health, metrics and the dashboard. Throws `ConfigError`. */
  listen(): Promise<Listening>
  /**
   * Stops: answers held polls, tells clients when to come back, closes all connections within
   * `shutdownTimeoutMs`, then its own listeners. A host's server is left running.
   */
  close(): Promise<void>
  /** As `RealtimeSyncService.publish`. */
  readonly publish: RealtimeSyncService['publish']
  /** Batches, forced resyncs, and typed helpers for common events. */
  readonly sync: Omit<RealtimeSyncService, 'append' | 'appendCounted' | 'appendToEach'>
  /**
   * Ends what acts for a user by tokens issued up to now, or by one token, and refuses these tokens
   * for as long as any can live (`authMaxTokenAge`). Resolves when that counts on all nodes, with
   * how many connections it ended on this one. Rejects with `unavailable` where the other nodes
   * could not be told; this one refuses them all the same.
   */
  revoke(revocation: Revocation): Promise<number>
  /** What an admin sees in `GET /status`. */
  stats(): object
}

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
  } = options
  const logger = options.logger ?? createLogger(settings.logLevel)
  const onFault = createFaultLog(logger, monotonicNow)
  const redis =
    settings.redisUrl === undefined
      ? undefined
      : new RedisConnections({ url: settings.redisUrl, prefix: settings.redisPrefix, logger })
  const gate = new Gate({
    isDelivering: () => broker.isDelivering ?? true,
    isLogShared: redis !== undefined,
  })
  const trust = closingOnFault(redis, () =>
    createTrust({
      settings,
      authenticate: options.authenticate,
      authorizeTopic: options.authorizeTopic,
      redis,
      logger,
      onFault,
      wallNow,
      monotonicNow,
    }),
  )
  const { isOpenMode, access, validity, places, ...guards } = trust

  const log = new MessageQueueService({
    ttlMs: settings.messageTtlMs,
    maxMessagesPerAudience: settings.maxMessagesPerAudience,
    maxBytes: settings.maxLogBytes,
    maxMarks: settings.maxMarks,
    now: monotonicNow,
  })
  const newEpoch = () => randomBytes(5).toString('hex')
  const clocks = { wallNow, monotonicNow }
  const keeper = createKeeper({ settings, run: newEpoch(), log, logger, ...clocks }, options.broker)
  const broker: Broker =
    options.broker ??
    (redis === undefined
      ? new LocalBroker({ ...settings, epoch: newEpoch(), ...clocks, keeper })
      : new RedisBroker({
          ...settings,
          node: newEpoch(),
          newEpoch,
          ...clocks,
          redis,
          logger,
          onFault,
        }))
  const hub = new ConnectionHub({ log, heartbeatMs: settings.heartbeatMs, onFault })
  const sync = new RealtimeSyncService({
    broker,
    log,
    maxPayloadBytes: settings.maxPayloadBytes,
    newId: uuidv7,
  })
  const sink: BrokerSink = {
    begin(epoch, start, lostUpTo) {
      hub.logEnds()
      log.begin(epoch, start, lostUpTo)
    },
    began() {
      hub.logBegan()
      if (gate.phase === 'starting') gate.phase = 'ready'
    },
    apply(entry, ageMs) {
      log.apply(entry, ageMs)
      hub.entryApplied(entry)
    },
    lose(upTo) {
      hub.flush()
      log.lose(upTo)
      hub.lost()
    },
    count: (audience, kind) => hub.count(audience, kind === 'resync'),
  }

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
    random,
    wallNow,
    monotonicNow,
    gate,
    reach: (since: Since) => reach(broker, since),
    heartbeatMs: settings.heartbeatMs,
    maxPayloadBytes: settings.maxPayloadBytes,
    maxTopics: settings.maxTopicsPerConnection,
    maxFramesPerSecond: settings.maxFramesPerSecond,
    newId: uuidv7,
  }
  const webSockets = new WebSocketManager({ ...reading, ...guards, publisher, onFault })
  const nodes = () => broker.nodes ?? 1
  const status = createStatus({ hub, sync, nodes, monotonicNow, gate, isOpenMode, settings })
  const api = createApi({
    poll: reading,
    stream: reading,
    publisher,
    ...guards,
    async revoke(by, revocation) {
      // The body may have taken its time.
      validity.assertCurrent(by)
      return revoke(revocation, by)
    },
    corsOrigins: settings.corsOrigins,
    maxPayloadBytes: settings.maxPayloadBytes,
    status,
    gate,
    onFault,
  })

  await Promise.all([broker.start(sink), trust.start()])
  hub.start()
  const sweeper = setInterval(() => sweep(log), Math.min(SWEEP_EVERY_MS, settings.messageTtlMs))
  sweeper.unref()
  const expirer = setInterval(endStale, END_EXPIRED_EVERY_MS)
  expirer.unref()
  let listening: Promise<Server[]> | undefined
  let closing: Promise<void> | undefined

  return {
    isOpenMode,
    sync,
    publish: (draft, publishOptions) => sync.publish(draft, publishOptions),
    revoke: async (revocation) =>
      revoke(parseOrThrow(revocationSchema, revocation, 'invalid_request')),
    stats: () => status.describe(true),

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
      const app = createStandaloneApp({
        api,
        health: createHealthRouter(status),
        metrics: settings.metrics ? createMetricsHandler({ hub, sync, status }) : undefined,
        dashboardFolder: settings.dashboard ? options.dashboardFolder : undefined,
        hostRules: guards.hostRules,
        onFault,
      })
      const { host, port, trustProxy, maxConnections, maxConnectionsPerAddress } = settings
      const attach = (server: Server) => webSockets.attach(server)
      const sockets = {
        max: socketsFor(maxConnections),
        maxPerAddress: trustProxy === 0 ? socketsFor(maxConnectionsPerAddress) : Infinity,
      }
      listening = listen({ host, port, onRequest: app, attach, sockets })
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
    webSockets.refuseWaiting()
    await drain({
      hub,
      spreadMs: settings.reconnectSpreadMs,
      timeoutMs: drainTimeoutMs(settings.shutdownTimeoutMs, keeper),
      random,
      monotonicNow,
    })
    gate.phase = 'closed'
    webSockets.detach()
    webSockets.destroyAll()
    hub.stop()
    clearInterval(sweeper)
    clearInterval(expirer)
    const servers = await listening?.catch(() => [])
    await Promise.all((servers ?? []).map(closeServer))
    await broker.close()
    trust.stop()
    redis?.close()
    logger.info('stopped')
  }
}

/**
 * Everything that is not a part; an unknown setting is then told by `parseSettings`. Throws
 * `ConfigError` for a secret that could not be read: left out on purpose, it means open mode.
 */
function settingsAmong(options: SyncServerOptions): SettingsInput {
  for (const key of ['authenticate', 'authJwtSecret', 'authJwksUrl'] as const) {
    if (!Object.hasOwn(options, key) || options[key] !== undefined) continue
    throw new ConfigError(`${key} is undefined: leave it out where you mean open mode`)
  }
  return Object.fromEntries(Object.entries(options).filter(([key]) => !PARTS.has(key)))
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

/** What keeps the log over a restart, where the settings want that. Throws `ConfigError`. */
function createKeeper(
  { settings, ...parts }: Omit<SnapshotKeeperOptions, 'path'> & { readonly settings: Settings },
  broker: Broker | undefined,
): SnapshotKeeper | undefined {
  const { snapshotFile: path } = settings
  if (path === undefined) return undefined
  if (broker === undefined) return new SnapshotKeeper({ ...parts, path })
  throw new ConfigError('SNAPSHOT_FILE and `broker` exclude each other: a broker keeps its own log')
}

/** What is left for clients of the time that a stop may take. */
function drainTimeoutMs(timeoutMs: number, keeper: SnapshotKeeper | undefined): number {
  return Math.max(timeoutMs / 2, timeoutMs - (keeper?.timeToSaveMs ?? 0))
}

/**
 * A cursor that another node gave may be ahead of what came here: waits for it, and throws
 * `unavailable` where it didn't come in time. `undefined` where there is nothing to wait for: what
 * is read next must be read in the same turn.
 */
function reach(broker: Broker, since: Since): Promise<void> | undefined {
  if (since.kind !== 'cursor' || !broker.isAhead?.(since.cursor)) return undefined
  return broker.reach?.(since.cursor)
}

/** In slices, so that a million messages that expire at once don't hold up the rest. */
function sweep(log: MessageQueueService): void {
  if (log.sweep(SWEEP_SLICE)) setImmediate(() => sweep(log))
}
