import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  assertSafe,
  envName,
  isLoopbackHost,
  parseSettings,
  readSettings,
  settingsSchema,
} from '../../server/config.js'
import { ConfigError } from '../../shared/errors.js'

function faultOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'none'
}

describe('the settings', () => {
  it('all have a default: nothing needs to be configured', () => {
    expect(readSettings({})).toEqual(parseSettings({}))
    expect(readSettings({})).toMatchObject({
      port: 5000,
      host: 'localhost',
      messageTtlMs: 300_000,
      maxMessagesPerAudience: 1000,
      maxMarks: 100_000,
      maxPayloadBytes: 65_536,
      heartbeatMs: 15_000,
      idempotencyTtlMs: 300_000,
      allowOpenMode: false,
    })
  })

  it('each say in a line what they do', () => {
    for (const schema of Object.values(settingsSchema.shape)) {
      expect(schema.description).toMatch(/^[A-Z][^\n]+\.$/)
    }
  })

  it('are read from the environment by their names in capitals', () => {
    expect(envName('messageTtlMs')).toBe('MESSAGE_TTL_MS')
    const settings = readSettings({
      PORT: '0',
      MESSAGE_TTL_MS: '60000',
      ALLOW_OPEN_MODE: 'true',
      ALLOWED_HOSTS: 'a.example.com, b.example.com:8080',
      CORS_ORIGINS: 'https://a.example.com',
      LOG_LEVEL: 'silent',
      UNRELATED: 'x',
    })
    expect(settings).toMatchObject({
      port: 0,
      messageTtlMs: 60_000,
      allowOpenMode: true,
      allowedHosts: ['a.example.com', 'b.example.com:8080'],
      corsOrigins: ['https://a.example.com'],
      logLevel: 'silent',
    })
  })

  it('count as absent where they are empty', () => {
    expect(readSettings({ PORT: '', ALLOWED_HOSTS: '', METRICS: '' })).toEqual(readSettings({}))
  })

  it('may be given in code as values', () => {
    const given = { port: 0, metrics: false, allowedHosts: ['a.example.com'] }
    expect(parseSettings(given)).toMatchObject(given)
  })

  it.each([
    ['PORT', '65536', 'PORT must be at most 65535'],
    ['PORT', '-1', /^PORT must be a whole number from 0 to 65535$/],
    ['PORT', '5e3', /^PORT must be a whole number/],
    ['PORT', ' 5000', /^PORT must be a whole number/],
    ['PORT', '50.5', /^PORT must be a whole number/],
    ['HEARTBEAT_MS', '15001', 'HEARTBEAT_MS must be at most 15000'],
    ['HEARTBEAT_MS', '0', 'HEARTBEAT_MS must be at least 100'],
    ['MESSAGE_TTL_MS', '0', 'MESSAGE_TTL_MS must be at least 1000'],
    ['METRICS', 'yes', 'METRICS must be true or false'],
    ['ALLOW_OPEN_MODE', '1', 'ALLOW_OPEN_MODE must be true or false'],
    ['ALLOWED_HOSTS', '*', /^ALLOWED_HOSTS must be host names/],
    ['ALLOWED_HOSTS', 'https://a.example.com', /^ALLOWED_HOSTS must be host names/],
    ['ALLOWED_HOSTS', 'a.example.com,', /^ALLOWED_HOSTS must be host names/],
    ['CORS_ORIGINS', '*', /^CORS_ORIGINS must be exact origins/],
    ['CORS_ORIGINS', 'https://a.example.com/', /^CORS_ORIGINS must be exact origins/],
    ['CORS_ORIGINS', 'a.example.com', /^CORS_ORIGINS must be exact origins/],
    ['CORS_ORIGINS', 'null', /^CORS_ORIGINS must be exact origins/],
    ['LOG_LEVEL', 'loud', /^LOG_LEVEL /],
  ])('%s=%s is an error that says the fix', (name, value, expected) => {
    expect(faultOf(() => readSettings({ [name]: value }))).toMatch(expected)
  })

  it('name every fault, a line each', () => {
    const fault = faultOf(() => readSettings({ PORT: 'x', METRICS: 'y' }))
    expect(fault.split('\n').map((line) => line.split(' ')[0])).toEqual(['PORT', 'METRICS'])
  })

  it.each([
    ['true', true],
    ['on', true],
    ['false', false],
    ['off', false],
  ])('that switch something take %s', (text, expected) => {
    expect(readSettings({ DASHBOARD: text, METRICS: text, ALLOW_OPEN_MODE: text })).toMatchObject({
      dashboard: expected,
      metrics: expected,
      allowOpenMode: expected,
    })
  })

  it('that contradict each other are an error', () => {
    const mib = 1 << 20
    const fault = faultOf(() => parseSettings({ maxLogBytes: 16 * mib - 1, maxPayloadBytes: mib }))
    expect(fault).toMatch(/^MAX_LOG_BYTES must be at least 16 times MAX_PAYLOAD_BYTES/)
    parseSettings({ maxLogBytes: 16 * mib, maxPayloadBytes: mib })
  })
})

describe('the settings of Convex', () => {
  it.each([
    'https://happy-otter-123.convex.cloud',
    'https://happy-otter-123.convex.cloud/',
    'http://127.0.0.1:3210',
    'http://convex:3210',
  ])('take %s', (url) => {
    expect(readSettings({ CONVEX_URL: url }).convexUrl).toBe(url)
  })

  it.each([
    'happy-otter-123',
    'ws://127.0.0.1:3210',
    'http://convex.example.com',
    'https://happy-otter-123.convex.site',
    'https://happy-otter-123.convex.cloud/api',
    'https://happy-otter-123.convex.cloud#a',
    'https://happy-otter-123.convex.cloud?a=b',
  ])('refuse CONVEX_URL=%s, and say what would do', (url) => {
    expect(faultOf(() => readSettings({ CONVEX_URL: url }))).toMatch(
      /^CONVEX_URL must be the address of a Convex deployment, such as https:/,
    )
  })

  it('name no queries of nobody', () => {
    expect(faultOf(() => readSettings({ CONVEX_WATCH_FILE: 'watches.json' }))).toBe(
      'CONVEX_WATCH_FILE names queries of CONVEX_URL; set that, too',
    )
  })
})

describe('the settings of Redis', () => {
  it('are absent by default: a server is alone', () => {
    expect(readSettings({}).redisUrl).toBeUndefined()
    expect(readSettings({}).redisPrefix).toBe('syncline')
  })

  it.each([
    'redis://localhost',
    'redis://127.0.0.1:6379',
    'redis://[::1]:6379/3',
    'rediss://app:p%40ss@redis.example.com:6380/0',
    'redis://:pass@redis.example.com',
    'redis://redis.example.com/',
  ])('take %s', (url) => {
    expect(readSettings({ REDIS_URL: url }).redisUrl).toBe(url)
  })

  it.each([
    'localhost:6379',
    '127.0.0.1',
    'http://localhost:6379',
    'redis+sentinel://localhost',
    'redis://',
    'redis:///0',
    'redis:localhost',
    'redis://host:port',
    'redis://host:6379/app',
    'redis://host?commandTimeout=5',
    'redis://host:6379/0/1',
    'redis://a,redis://b',
    ' redis://localhost',
  ])('refuse REDIS_URL=%s, and say what would do', (url) => {
    expect(faultOf(() => readSettings({ REDIS_URL: url }))).toMatch(
      /^REDIS_URL must be a redis:\/\/ or rediss:\/\/ address/,
    )
  })

  it('say nothing of the password in an address that they refuse', () => {
    const fault = faultOf(() => readSettings({ REDIS_URL: 'redis://app:hunter2@host:port' }))
    expect(fault).toMatch(/^REDIS_URL must be/)
    expect(fault).not.toMatch(/app|hunter2|port/)
  })

  it.each(['a', 'shop.production_2', 'A-1', 'x'.repeat(64)])('take the prefix %s', (prefix) => {
    expect(readSettings({ REDIS_PREFIX: prefix }).redisPrefix).toBe(prefix)
  })

  it.each(['a:b', '{a}', 'a b', 'ä', 'a*', 'x'.repeat(65), 'a\n'])(
    'refuse the prefix %j, which could meet another',
    (prefix) => {
      expect(faultOf(() => readSettings({ REDIS_PREFIX: prefix }))).toMatch(
        /^REDIS_PREFIX must have 1–64 letters, digits, dots, dashes or underscores/,
      )
    },
  )

  it('and a file that keeps the log contradict each other', () => {
    const both = { redisUrl: 'redis://localhost', snapshotFile: './log' }
    expect(faultOf(() => parseSettings(both))).toMatch(/^SNAPSHOT_FILE and REDIS_URL .* one of/)
  })
})

describe('the settings of authentication', () => {
  const SECRET = 's'.repeat(32)
  const KEYS = 'https://id.example.com/keys'
  const services = (...secrets: string[]) =>
    secrets.map((text, index) => `s${index}:${text}`).join()

  it.each([
    ['AUTH_JWT_SECRET', 's'.repeat(31), /^AUTH_JWT_SECRET must have at least 32 bytes.*openssl/],
    ['AUTH_JWKS_URL', 'http://id.example.com/keys', /^AUTH_JWKS_URL must be an https/],
    ['AUTH_JWKS_URL', 'http://localhost.evil.example/', /^AUTH_JWKS_URL must be an https/],
    ['AUTH_JWKS_URL', 'https://user:pass@id.example.com/keys', /^AUTH_JWKS_URL must be an https/],
    ['AUTH_JWKS_URL', 'file:///etc/keys', /^AUTH_JWKS_URL must be an https/],
    ['AUTH_JWKS_URL', 'id.example.com', /^AUTH_JWKS_URL must be an https/],
    ['AUTH_MAX_TOKEN_AGE', '0', /^AUTH_MAX_TOKEN_AGE must be a time/],
    ['AUTH_MAX_TOKEN_AGE', '367d', /^AUTH_MAX_TOKEN_AGE must be a time/],
    ['AUTH_MAX_TOKEN_AGE', '1.5h', /^AUTH_MAX_TOKEN_AGE must be a time/],
    ['AUTH_MAX_TOKEN_AGE', '1 h', /^AUTH_MAX_TOKEN_AGE must be a time/],
    ['SERVICE_TOKENS', 'billing', /^SERVICE_TOKENS must be name:secret pairs/],
    ['SERVICE_TOKENS', 'billing:short', /^SERVICE_TOKENS must be name:secret pairs/],
    ['SERVICE_TOKENS', `:${SECRET}`, /^SERVICE_TOKENS must be name:secret pairs/],
    ['SERVICE_TOKENS', `a:${SECRET},a:${SECRET}2`, /^SERVICE_TOKENS must be name:secret pairs/],
    ['SERVICE_TOKENS', `a:${SECRET},b:${SECRET}`, /^SERVICE_TOKENS must be name:secret pairs/],
    ['SERVICE_TOKENS', `a:${SECRET},`, /^SERVICE_TOKENS must be name:secret pairs/],
    ['TRUST_PROXY', 'true', /^TRUST_PROXY must be how many .*never true/],
    ['TRUST_PROXY', '11', /^TRUST_PROXY must be how many/],
    ['TRUST_PROXY', '1,2', /^TRUST_PROXY must be how many/],
    ['TRUST_PROXY', '-1', /^TRUST_PROXY must be how many/],
    ['TRUST_PROXY', '10.0.0.0/33', /^TRUST_PROXY must be how many/],
    ['TRUST_PROXY', 'proxy.example.com', /^TRUST_PROXY must be how many/],
    ['TRUST_PROXY', '10.0.0.1,', /^TRUST_PROXY must be how many/],
  ])('%s=%s is an error that says the fix, and no secret', (name, value, expected) => {
    const fault = faultOf(() => readSettings({ [name]: value }))
    expect(fault).toMatch(expected)
    expect(fault).not.toContain('ssss')
  })

  it.each([
    ['600', 600],
    ['90s', 90],
    ['30m', 1800],
    ['24h', 86_400],
    ['7d', 604_800],
  ])('AUTH_MAX_TOKEN_AGE=%s is %d seconds', (text, seconds) => {
    expect(readSettings({ AUTH_MAX_TOKEN_AGE: text }).authMaxTokenAge).toBe(seconds)
  })

  it.each([
    ['2', 2],
    ['0', 0],
    ['10.0.0.1', ['10.0.0.1']],
    ['10.0.0.0/8, loopback,2001:db8::/32', ['10.0.0.0/8', 'loopback', '2001:db8::/32']],
  ])('TRUST_PROXY=%s is %j', (text, expected) => {
    expect(readSettings({ TRUST_PROXY: text }).trustProxy).toEqual(expected)
  })

  it('take secrets of services that hold a colon, each with its name', () => {
    const given = services(SECRET, `${SECRET}:x`)
    expect(readSettings({ SERVICE_TOKENS: given }).serviceTokens).toEqual([
      { name: 's0', secret: SECRET },
      { name: 's1', secret: `${SECRET}:x` },
    ])
  })

  it.each([
    [{ AUTH_JWT_SECRET: SECRET, AUTH_JWKS_URL: KEYS }, /^AUTH_JWKS_URL .* set one of them$/],
    [{ AUTH_ISSUER: 'https://id.example.com' }, /^AUTH_ISSUER .* verify nothing by themselves/],
    [{ AUTH_AUDIENCE: 'app' }, /^AUTH_ISSUER and AUTH_AUDIENCE verify nothing/],
    [{ AUTH_SERVICE_ROLE: 'admin' }, /^AUTH_SERVICE_ROLE must be another role/],
  ])('that contradict each other are an error: %j', (env, expected) => {
    expect(faultOf(() => readSettings(env))).toMatch(expected)
  })

  it.each(['AUTH_JWT_SECRETS', 'AUTH_JWKS_URI', 'AUTH_ISS', 'AUTH_ROLE_CLAIM'])(
    'never ignore %s: who sets it believes that tokens are verified',
    (name) => {
      const fault = faultOf(() => readSettings({ [name]: SECRET }))
      expect(fault).toMatch(new RegExp(`^${name} is not a setting; there are AUTH_JWT_SECRET, `))
      expect(fault).not.toContain(SECRET)
    },
  )

  it('leave to others what is theirs', () => {
    expect(readSettings({ AUTH_SECRET: SECRET, AUTH_URL: KEYS })).toEqual(readSettings({}))
  })

  it.each([
    ['AUTH_JWT_SECRET', { AUTH_JWKS_URL: KEYS }],
    ['AUTH_JWKS_URL', { AUTH_JWT_SECRET: SECRET }],
  ])('are not taken for absent where %s is empty and nothing else verifies', (name, other) => {
    const empty = { [name]: '' }
    expect(faultOf(() => readSettings(empty))).toMatch(new RegExp(`^${name} is empty`))
    expect(() => readSettings({ ...empty, ...other })).not.toThrow()
  })

  it('verify nothing by default, and limit what everybody may do', () => {
    const settings = readSettings({})
    expect([settings.authJwtSecret, settings.authJwksUrl]).toEqual([undefined, undefined])
    expect(settings).toMatchObject({
      authRolesClaim: 'roles',
      authTopicsClaim: 'topics',
      authAdminRole: 'admin',
      authServiceRole: 'service',
      authMaxTokenAge: 86_400,
      trustProxy: 0,
      serviceTokens: [],
      rateLimitMax: 1000,
      rateLimitWindowMs: 900_000,
    })
  })
})

describe('a server without authentication', () => {
  const { NODE_ENV } = process.env
  beforeEach(() => {
    process.env.NODE_ENV = 'test'
  })
  afterEach(() => {
    process.env.NODE_ENV = NODE_ENV
  })
  const start = (settings: object, hasAuthentication = false) =>
    faultOf(() => assertSafe(parseSettings(settings), hasAuthentication))

  it.each(['localhost', '127.0.0.1', '127.1.2.3', '::1'])('may listen on %s', (host) => {
    expect(start({ host })).toBe('none')
  })

  it.each(['0.0.0.0', '::', '10.0.0.1', 'app.example.com', '127.evil.example'])(
    'may not listen on %s, unless it is told to',
    (host) => {
      expect(start({ host })).toMatch(/without authentication everybody is an admin/)
      expect(start({ host, allowOpenMode: true })).toBe('none')
      expect(start({ host }, true)).toBe('none')
    },
  )

  it('may not be in production at all', () => {
    process.env.NODE_ENV = 'production'
    expect(start({ host: 'localhost' })).toMatch(/production needs authentication/)
    expect(start({ host: 'localhost', allowOpenMode: true })).toMatch(/production/)
    expect(start({ host: '0.0.0.0' }, true)).toBe('none')
  })

  it('is told how to get it', () => {
    process.env.NODE_ENV = 'production'
    expect(start({})).toMatch(/set AUTH_JWT_SECRET or AUTH_JWKS_URL, or pass `authenticate`/)
  })
})

it.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['::1', true],
  ['127.evil.example', false],
  ['localhost.evil.example', false],
  ['0.0.0.0', false],
])('%s is loopback: %p', (host, expected) => {
  expect(isLoopbackHost(host)).toBe(expected)
})
