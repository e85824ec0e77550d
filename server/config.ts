// Every setting: one schema over the environment, one line of doc each. The only file that reads
// `process.env`. A wrong value is an error at start that says the fix.

import { isIP } from 'node:net'
import { z } from 'zod'
import { ConfigError } from '../shared/errors.js'
import {
  duration,
  flag,
  isDeploymentUrl,
  isHost,
  isKeySetUrl,
  isOrigin,
  isRedisUrl,
  list,
  serviceTokens,
  signingKey,
  text,
  trustProxy,
  wholeNumber,
} from './settingKinds.js'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const MIB = 1 << 20

export const settingsSchema = z
  .strictObject({
    port: wholeNumber(0, 65_535).default(5000).describe('Port to listen on; 0 takes any free one.'),
    host: z
      .string()
      .min(1)
      .default('localhost')
      .describe('Name or address to listen on; localhost is 127.0.0.1 and ::1.'),
    allowedHosts: list(isHost, 'must be host names such as app.example.com, separated by commas')
      .default([])
      .describe(
        'Host headers that are answered, beside loopback names and HOST itself; comma-separated.',
      ),
    allowOpenMode: flag
      .default(false)
      .describe(
        'Allows listening off loopback without authentication. Everybody who can connect is an admin then.',
      ),
    corsOrigins: list(
      isOrigin,
      'must be exact origins such as https://app.example.com, separated by commas',
    )
      .default([])
      .describe('Origins whose pages may connect and post; exact, comma-separated.'),
    trustProxy: trustProxy
      .default(0)
      .describe(
        'Proxies in front whose X-Forwarded-For is believed: how many, or their addresses, comma-separated.',
      ),
    authJwtSecret: signingKey
      .optional()
      .describe('Verifies tokens signed with this shared secret (HS256); at least 32 bytes.'),
    authJwksUrl: z
      .string()
      .refine(isKeySetUrl, {
        error:
          'must be an https:// address (http:// on this machine or in a private network, by a name without dots)',
      })
      .optional()
      .describe(
        'Verifies tokens signed by an identity provider, whose public keys are at this address (RS256, ES256, EdDSA).',
      ),
    authIssuer: text(1000)
      .optional()
      .describe('The only `iss` that a token may have; any, if unset.'),
    authAudience: list((item) => item !== '', 'must be names, separated by commas')
      .default([])
      .describe('A token has to be for one of these (`aud`), comma-separated; for any, if unset.'),
    authRolesClaim: text(200)
      .default('roles')
      .describe('The claim that lists the roles: its name, or a path such as realm_access.roles.'),
    authTopicsClaim: text(200)
      .default('topics')
      .describe(
        'The claim that grants topics: its name, or a path. A list, or { subscribe, publish }.',
      ),
    authAdminRole: text(128)
      .default('admin')
      .describe('The role in a token that makes its bearer an admin here.'),
    authServiceRole: text(128)
      .default('service')
      .describe(
        'The role in a token that makes its bearer a service: it may publish to anyone, and reads nothing.',
      ),
    authMaxTokenAge: duration(
      1,
      366 * 86_400,
      'must be a time such as 3600, 30m, 24h or 7d, up to 366 d',
    )
      .default(86_400)
      .describe(
        'Longest life of a token, and how long a revocation is remembered: seconds, or 30m, 24h, 7d.',
      ),
    serviceTokens: serviceTokens
      .default([])
      .describe(
        'Back ends that may publish to anyone: name:secret, comma-separated; secrets of at least 16 bytes.',
      ),
    rateLimitMax: wholeNumber(0, 1_000_000_000)
      .default(1000)
      .describe(
        'Messages that one user may publish per window; a large one counts once per 16 KiB. As many failed sign-ins of one address. 0: no limit.',
      ),
    rateLimitWindowMs: wholeNumber(1000, DAY_MS)
      .default(15 * MINUTE_MS)
      .describe('The window of all rate limits, in ms.'),
    rateLimitAdminMax: wholeNumber(0, 1_000_000_000)
      .default(1_000_000)
      .describe('What one admin may publish per window; 0: no limit.'),
    rateLimitServiceMax: wholeNumber(0, 1_000_000_000)
      .default(1_000_000)
      .describe('What one service may publish per window; 0: no limit.'),
    rateLimitReadMax: wholeNumber(0, 1_000_000_000)
      .default(1_000_000)
      .describe(
        'Polls, streams, sockets and tickets that one user may ask for per window; 0: no limit.',
      ),
    maxFramesPerSecond: wholeNumber(0, 1_000_000)
      .default(500)
      .describe(
        'Frames that one WebSocket may send per second, averaged over 10 s, and a quarter of what one user may; 0: no limit.',
      ),
    redisUrl: z
      .string()
      .refine(isRedisUrl, {
        error: 'must be a redis:// or rediss:// address, such as redis://user:password@host:6379/0',
      })
      .optional()
      .describe(
        'The Redis that all nodes share, redis:// or rediss://; without it this node is alone.',
      ),
    redisPrefix: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,64}$/, {
        error: 'must have 1–64 letters, digits, dots, dashes or underscores',
      })
      .default('syncline')
      .describe(
        'Begins the names of all keys in Redis; nodes with the same prefix are one server.',
      ),
    snapshotFile: text(4000)
      .refine((path) => !path.includes('\0'), { error: 'must be a path' })
      .optional()
      .describe(
        'Keeps the log in this file while the server is stopped, so that a restart loses nothing; not with REDIS_URL.',
      ),
    convexUrl: z
      .string()
      .refine(isDeploymentUrl, {
        error:
          'must be the address of a Convex deployment, such as https://happy-otter-123.convex.cloud (http:// on this machine or in a private network, by a name without dots)',
      })
      .optional()
      .describe('The Convex deployment of which the queries in CONVEX_WATCH_FILE are watched.'),
    convexWatchFile: text(4000)
      .optional()
      .describe(
        'A JSON file that names the queries of CONVEX_URL to watch, and who gets the changes.',
      ),
    messageTtlMs: wholeNumber(1000, 7 * DAY_MS)
      .default(5 * MINUTE_MS)
      .describe('How long a message is kept for those who come late, in ms.'),
    maxMessagesPerAudience: wholeNumber(1, 10_000_000)
      .default(1000)
      .describe('Messages kept per user, role or topic, and for everyone.'),
    maxLogBytes: wholeNumber(MIB, 64 * 1024 * MIB)
      .default(256 * MIB)
      .describe('Bytes that all kept messages may take together, overhead included.'),
    maxMarks: wholeNumber(1, 100_000_000)
      .default(100_000)
      .describe('Audiences of which the server remembers exactly what they lost.'),
    maxPayloadBytes: wholeNumber(1024, 16 * MIB)
      .default(64 * 1024)
      .describe('Largest request body or WebSocket frame that is taken, in bytes.'),
    heartbeatMs: wholeNumber(100, 15_000)
      .default(15_000)
      .describe('Longest silence of a connection, in ms.'),
    idempotencyTtlMs: wholeNumber(1000, 7 * DAY_MS)
      .default(5 * MINUTE_MS)
      .describe('How long an idempotency key is remembered, in ms.'),
    maxIdempotencyKeys: wholeNumber(1, 100_000_000)
      .default(100_000)
      .describe('Idempotency keys remembered at once; beyond it publishing with a new key is 503.'),
    shutdownTimeoutMs: wholeNumber(100, 10 * MINUTE_MS)
      .default(8000)
      .describe('How long a stop waits for clients before it ends their connections, in ms.'),
    reconnectSpreadMs: wholeNumber(0, 10 * MINUTE_MS)
      .default(5000)
      .describe('Window over which clients are told to come back after a stop, in ms.'),
    maxConnections: wholeNumber(1, 10_000_000)
      .default(20_000)
      .describe('Open connections and held polls in all.'),
    maxConnectionsPerUser: wholeNumber(1, 10_000_000)
      .default(500)
      .describe('Open connections and held polls of one user.'),
    maxConnectionsPerAddress: wholeNumber(1, 10_000_000)
      .default(2000)
      .describe('Open connections and held polls from one address.'),
    maxTopicsPerConnection: wholeNumber(1, 50)
      .default(50)
      .describe('Topics of one connection or request.'),
    compression: flag
      .default(false)
      .describe(
        'Compresses what goes to many WebSockets at once, and large pages of polls, for clients that take it.',
      ),
    compressionMinBytes: wholeNumber(128, MIB)
      .default(1024)
      .describe('Smallest frame that is compressed, in bytes; pages of polls from 4096 on.'),
    dashboard: flag.default(true).describe('Serves the dashboard at /.'),
    metrics: flag.default(true).describe('Serves Prometheus metrics at /metrics.'),
    logLevel: z
      .enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent'], {
        error: 'must be fatal, error, warn, info, debug or silent',
      })
      .default('info')
      .describe('What is logged: fatal, error, warn, info, debug or silent.'),
  })
  .refine(({ maxLogBytes, maxPayloadBytes }) => maxLogBytes >= 16 * maxPayloadBytes, {
    path: ['maxLogBytes'],
    error: 'must be at least 16 times MAX_PAYLOAD_BYTES, or the log could not hold a few messages',
  })
  .refine(({ snapshotFile, redisUrl }) => !(snapshotFile && redisUrl), {
    path: ['snapshotFile'],
    error: 'and REDIS_URL are two ways to keep the log; set one of them',
  })
  .refine(({ convexUrl, convexWatchFile }) => convexUrl || !convexWatchFile, {
    path: ['convexWatchFile'],
    error: 'names queries of CONVEX_URL; set that, too',
  })
  .refine(({ authJwtSecret, authJwksUrl }) => !(authJwtSecret && authJwksUrl), {
    path: ['authJwksUrl'],
    error: 'and AUTH_JWT_SECRET are two ways to verify a token; set one of them',
  })
  .refine(
    ({ authJwtSecret, authJwksUrl, authIssuer, authAudience }) =>
      authJwtSecret || authJwksUrl || (!authIssuer && authAudience.length === 0),
    {
      path: ['authIssuer'],
      error: 'and AUTH_AUDIENCE verify nothing by themselves; set AUTH_JWT_SECRET or AUTH_JWKS_URL',
    },
  )
  .refine(({ authAdminRole, authServiceRole }) => authAdminRole !== authServiceRole, {
    path: ['authServiceRole'],
    error: 'must be another role than AUTH_ADMIN_ROLE',
  })

/** All settings, checked. */
export type Settings = z.output<typeof settingsSchema>

/** Settings as a library user gives them: any of them, the rest by default. */
export type SettingsInput = z.input<typeof settingsSchema>

/** The environment variable of a setting: `messageTtlMs` → `MESSAGE_TTL_MS`. */
export const envName = (key: string): string => key.replace(/[A-Z]/g, '_$&').toUpperCase()

/** Checks settings given in code. Throws `ConfigError`. */
export function parseSettings(input: SettingsInput): Settings {
  const result = settingsSchema.safeParse(input)
  if (result.success) return result.data
  const lines = result.error.issues.map((issue) =>
    issue.code === 'unrecognized_keys'
      ? `${issue.keys.join(', ')} is not a setting`
      : `${envName(String(issue.path[0]))} ${issue.message}`,
  )
  throw new ConfigError(lines.join('\n'))
}

/** What is meant for us, misspelled perhaps. Others have an AUTH_SECRET or AUTH_URL there. */
const OURS = /^AUTH_(JW|ISS|AUD|ROLE|TOPIC|ADMIN|SERVICE|MAX)/

/**
 * Reads settings from an environment. An empty value counts as absent, but for what alone would
 * verify tokens. Throws `ConfigError`.
 */
export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  // Believing that tokens are verified while they are not would be the worst of all mistakes.
  const known = new Set(Object.keys(settingsSchema.shape).map(envName))
  const unknown = Object.keys(env).filter((name) => OURS.test(name) && !known.has(name))
  if (unknown.length > 0) {
    const names = [...known].filter((name) => name.startsWith('AUTH_'))
    throw new ConfigError(`${unknown.join(', ')} is not a setting; there are ${names.join(', ')}`)
  }
  assertNoEmptySecret(env)
  const given = Object.keys(settingsSchema.shape)
    .map((key) => [key, env[envName(key)]] as const)
    .filter(([, value]) => value !== undefined && value !== '')
  return parseSettings(Object.fromEntries(given))
}

/** A secret that could not be read when the environment was made must not open the door. */
function assertNoEmptySecret({ AUTH_JWT_SECRET, AUTH_JWKS_URL }: NodeJS.ProcessEnv): void {
  if (AUTH_JWT_SECRET || AUTH_JWKS_URL) return
  for (const [name, value] of Object.entries({ AUTH_JWT_SECRET, AUTH_JWKS_URL })) {
    if (value === '') {
      throw new ConfigError(
        `${name} is empty, so no token would be verified: give it a value, or unset it`,
      )
    }
  }
}

/** Whether this process says of itself that it is in production. */
export const isProduction = (): boolean => process.env.NODE_ENV === 'production'

/** Whether only this machine can reach a server that listens there. */
export function isLoopbackHost(host: string): boolean {
  if (host === 'localhost') return true
  return isIP(host) === 4 ? host.startsWith('127.') : host === '::1'
}

/** Refuses what would leave the door open. Throws `ConfigError`. */
export function assertSafe({ host, allowOpenMode }: Settings, hasAuthentication: boolean): void {
  if (hasAuthentication) return
  if (isProduction()) {
    throw new ConfigError(
      'NODE_ENV=production needs authentication: set AUTH_JWT_SECRET or AUTH_JWKS_URL, ' +
        'or pass `authenticate` to createSyncServer in your own server',
    )
  }
  if (isLoopbackHost(host) || allowOpenMode) return
  throw new ConfigError(
    `HOST=${host} can be reached from other machines, and without authentication everybody is an admin: ` +
      'set AUTH_JWT_SECRET or AUTH_JWKS_URL, or ALLOW_OPEN_MODE=true if you mean it',
  )
}
