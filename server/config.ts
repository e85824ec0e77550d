// Every setting: one schema over the environment, one line of doc each. The only file that reads
// `process.env`. A wrong value is an error at start that says the fix.

import { isIP } from 'node:net'
import { z } from 'zod'
import { ConfigError } from '../shared/errors.js'

const wholeNumber = (min: number, max: number) =>
  z
    .union(
      [
        z.number(),
        z
          .string()
          .regex(/^\d{1,15}$/)
          .transform(Number),
      ],
      {
        error: `must be a whole number from ${min} to ${max}`,
      },
    )
    .pipe(
      z
        .int()
        .min(min, { error: `must be at least ${min}` })
        .max(max, { error: `must be at most ${max}` }),
    )

const flag = z.union(
  [
    z.boolean(),
    z.enum(['true', 'false', 'on', 'off']).transform((text) => text === 'true' || text === 'on'),
  ],
  {
    error: 'must be true or false, or on or off',
  },
)

const list = (isValid: (item: string) => boolean, error: string) =>
  z
    .union([
      z.array(z.string()),
      z.string().transform((text) => text.split(',').map((item) => item.trim())),
    ])
    .pipe(z.array(z.string().refine(isValid, { error })))

const isHost = (text: string) =>
  URL.canParse(`http://${text}`) &&
  new URL(`http://${text}`).pathname === '/' &&
  !/[/@?#*]/.test(text)

const isOrigin = (text: string) => URL.canParse(text) && new URL(text).origin === text

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

/** Reads settings from an environment; an empty value counts as absent. Throws `ConfigError`. */
export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  // Believing that tokens are verified while they are not would be the worst of all mistakes.
  const unsupported = ['AUTH_JWT_SECRET', 'AUTH_JWKS_URL'].filter((name) => env[name])
  if (unsupported.length > 0) {
    throw new ConfigError(
      `${unsupported.join(', ')} is not supported by this version; pass \`authenticate\` to createSyncServer`,
    )
  }
  const given = Object.keys(settingsSchema.shape)
    .map((key) => [key, env[envName(key)]] as const)
    .filter(([, value]) => value !== undefined && value !== '')
  return parseSettings(Object.fromEntries(given))
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
      'NODE_ENV=production needs authentication: pass `authenticate` to createSyncServer in your own server ' +
        '(this version verifies no tokens by itself)',
    )
  }
  if (isLoopbackHost(host) || allowOpenMode) return
  throw new ConfigError(
    `HOST=${host} can be reached from other machines, and without authentication everybody is an admin: ` +
      'pass `authenticate`, or set ALLOW_OPEN_MODE=true if you mean it',
  )
}
