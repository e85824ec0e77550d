// What a sync server is given, and what it gives: the library's types.

import type { Server } from 'node:http'
import type { Logger } from 'pino'
import { ConfigError } from '../shared/errors.js'
import type { Revocation } from '../shared/principal.js'
import type { Broker } from './brokers/Broker.js'
import type { SettingsInput } from './config.js'
import type { Listening } from './listen.js'
import type { AuthorizeTopic } from './security/Access.js'
import type { Authenticate } from './security/authenticate.js'
import type { Integration } from './services/Integration.js'
import type { RealtimeSyncService } from './services/RealtimeSyncService.js'

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
  /** A `ConvexRealtimeIntegration` of `syncline/convex-integration`, started and stopped with the server. */
  readonly convex?: Integration
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
  'convex',
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
 * Everything that is not a part; an unknown setting is then told by `parseSettings`. Throws
 * `ConfigError` for a secret that could not be read: left out on purpose, it means open mode.
 */
export function settingsAmong(options: SyncServerOptions): SettingsInput {
  for (const key of ['authenticate', 'authJwtSecret', 'authJwksUrl'] as const) {
    if (!Object.hasOwn(options, key) || options[key] !== undefined) continue
    throw new ConfigError(`${key} is undefined: leave it out where you mean open mode`)
  }
  return Object.fromEntries(Object.entries(options).filter(([key]) => !PARTS.has(key)))
}
