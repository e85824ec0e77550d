// The log and who writes it, as the settings want them: alone in memory, kept in a file over a
// restart, or shared by several nodes in Redis.

import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import type { Since } from '../shared/cursor.js'
import { ConfigError } from '../shared/errors.js'
import type { Broker, BrokerSink } from './brokers/Broker.js'
import { LocalBroker } from './brokers/LocalBroker.js'
import { RedisBroker } from './brokers/RedisBroker.js'
import type { Settings } from './config.js'
import type { ConnectionHub } from './delivery/ConnectionHub.js'
import type { RedisConnections } from './redis/RedisConnections.js'
import { MessageQueueService } from './services/MessageQueueService.js'
import { SnapshotKeeper } from './services/SnapshotKeeper.js'

/** How much is swept before the event loop gets a turn. */
const SWEEP_SLICE = 1000
const SWEEP_EVERY_MS = 60_000

interface LogOptions {
  readonly settings: Settings
  /** The host's own, instead of what the settings say. */
  readonly broker: Broker | undefined
  readonly redis: RedisConnections | undefined
  readonly logger: Logger
  readonly onFault: (error: unknown) => void
  /** Unix milliseconds. */
  readonly wallNow: () => number
  readonly monotonicNow: () => number
}

export interface Log {
  readonly log: MessageQueueService
  readonly broker: Broker
  /** What keeps the log over a restart, where the settings want that. */
  readonly keeper: SnapshotKeeper | undefined
}

/** Letters and digits, different each time: for epochs and nodes. */
const newName = (): string => randomBytes(5).toString('hex')

/** Throws `ConfigError` where the settings contradict each other. */
export function createLog(options: LogOptions): Log {
  const { settings, monotonicNow } = options
  const log = new MessageQueueService({
    ttlMs: settings.messageTtlMs,
    maxMessagesPerAudience: settings.maxMessagesPerAudience,
    maxBytes: settings.maxLogBytes,
    maxMarks: settings.maxMarks,
    now: monotonicNow,
  })
  const keeper = createKeeper(options, log)
  return { log, keeper, broker: options.broker ?? createBroker(options, keeper) }
}

function createBroker(
  { settings, redis, ...parts }: LogOptions,
  keeper: SnapshotKeeper | undefined,
): Broker {
  if (redis === undefined) {
    return new LocalBroker({ ...settings, ...parts, epoch: newName(), keeper })
  }
  return new RedisBroker({ ...settings, ...parts, redis, node: newName(), newEpoch: newName })
}

function createKeeper(
  { settings, broker, logger, wallNow, monotonicNow }: LogOptions,
  log: MessageQueueService,
): SnapshotKeeper | undefined {
  const { snapshotFile: path } = settings
  if (path === undefined) return undefined
  if (broker !== undefined) {
    throw new ConfigError(
      'SNAPSHOT_FILE and `broker` exclude each other: a broker keeps its own log',
    )
  }
  return new SnapshotKeeper({ path, run: newName(), log, logger, wallNow, monotonicNow })
}

/** What a broker hands over goes into the log first, and from there to the connections. */
export function sinkInto(
  log: MessageQueueService,
  hub: ConnectionHub,
  onBegan: () => void,
): BrokerSink {
  return {
    begin(epoch, start, lostUpTo) {
      hub.logEnds()
      log.begin(epoch, start, lostUpTo)
    },
    began() {
      hub.logBegan()
      onBegan()
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
}

/** No epoch is called so. */
const NO_EPOCH = ''

/**
 * A cursor that another node gave may be ahead of what came here: waits for it, and rejects with
 * `unavailable` where it didn't come in time. What turned out to be no place in this log stays none,
 * whatever is appended from then on. `undefined` where there is nothing to wait for.
 */
export function reach(broker: Broker, since: Since): Promise<Since> | undefined {
  if (since.kind !== 'cursor' || !broker.isAhead?.(since.cursor)) return undefined
  const { cursor } = since
  return broker
    .reach?.(cursor)
    .then((isThere) => (isThere ? since : { ...since, cursor: { ...cursor, epoch: NO_EPOCH } }))
}

/** Lets go of what has expired, now and then. Returns what stops it. */
export function sweepRegularly(log: MessageQueueService, { messageTtlMs }: Settings): () => void {
  const timer = setInterval(() => sweep(log), Math.min(SWEEP_EVERY_MS, messageTtlMs))
  timer.unref()
  return () => clearInterval(timer)
}

/** In slices, so that a million messages that expire at once don't hold up the rest. */
function sweep(log: MessageQueueService): void {
  if (log.sweep(SWEEP_SLICE)) setImmediate(() => sweep(log))
}
