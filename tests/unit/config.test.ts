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

  it.each(['AUTH_JWT_SECRET', 'AUTH_JWKS_URL'])(
    'do not let %s be ignored: who sets it believes that tokens are verified',
    (name) => {
      expect(faultOf(() => readSettings({ [name]: 'x' }))).toMatch(
        new RegExp(`^${name} is not supported`),
      )
    },
  )
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
    expect(start({})).toContain('pass `authenticate` to createSyncServer')
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
