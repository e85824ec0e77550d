// Settings as an operator meets them: what is wrong is told at start in a line that says the fix,
// and what is written about them is true.

import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { envName, settingsSchema } from '../../server/config.js'
import { createSyncServer } from '../../server/createSyncServer.js'
import { Api } from '../support/Api.js'
import { spawnServer, startServerProcess } from '../support/serverProcess.js'
import { waitFor } from '../support/waitFor.js'

/** All that a start which fails prints, once it has ended with exit code 1. */
async function refusal(env: Record<string, string>): Promise<string> {
  const started = spawnServer({ PORT: '0', ...env })
  try {
    await waitFor('it to end', () => started.child.exitCode !== null)
  } finally {
    await started.kill()
  }
  expect(await started.exited).toBe(1)
  const output = started.output()
  expect(output).toMatch(/^Syncline can't start:\n/)
  // No stack trace, no path: a sentence.
  expect(output).not.toMatch(/\n\s+at |node:|file:|\.js/)
  return output
}

/** Name, value, and what is said of it. */
const WRONG: readonly (readonly [string, string, string])[] = [
  ['PORT', 'abc', 'must be a whole number from 0 to 65535'],
  ['PORT', '5000.5', 'must be a whole number from 0 to 65535'],
  ['PORT', '-1', 'must be a whole number from 0 to 65535'],
  ['PORT', ' 5000', 'must be a whole number from 0 to 65535'],
  ['PORT', '70000', 'must be at most 65535'],
  ['ALLOWED_HOSTS', 'https://app.example.com', 'must be host names'],
  ['ALLOWED_HOSTS', 'a.example.com,,b.example.com', 'must be host names'],
  ['ALLOWED_HOSTS', '*', 'must be host names'],
  ['ALLOW_OPEN_MODE', 'yes', 'must be true or false'],
  ['ALLOW_OPEN_MODE', '1', 'must be true or false'],
  ['CORS_ORIGINS', '*', 'must be exact origins'],
  ['CORS_ORIGINS', 'null', 'must be exact origins'],
  ['CORS_ORIGINS', 'app.example.com', 'must be exact origins'],
  ['CORS_ORIGINS', 'https://app.example.com/', 'must be exact origins'],
  ['TRUST_PROXY', 'true', 'must be how many proxies'],
  ['SERVICE_TOKENS', 'billing:short', 'must be name:secret pairs'],
  ['RATE_LIMIT_MAX', '-1', 'must be a whole number'],
  ['RATE_LIMIT_WINDOW_MS', '999', 'must be at least 1000'],
  ['MAX_FRAMES_PER_SECOND', '1.5', 'must be a whole number'],
  ['MESSAGE_TTL_MS', '999', 'must be at least 1000'],
  ['MESSAGE_TTL_MS', '5m', 'must be a whole number'],
  ['MAX_MESSAGES_PER_AUDIENCE', '0', 'must be at least 1'],
  ['MAX_LOG_BYTES', '1000', 'must be at least 1048576'],
  ['MAX_MARKS', '0', 'must be at least 1'],
  ['MAX_PAYLOAD_BYTES', '1023', 'must be at least 1024'],
  ['HEARTBEAT_MS', '15001', 'must be at most 15000'],
  ['HEARTBEAT_MS', '99', 'must be at least 100'],
  ['IDEMPOTENCY_TTL_MS', '1e9', 'must be a whole number'],
  ['MAX_IDEMPOTENCY_KEYS', '0', 'must be at least 1'],
  ['SHUTDOWN_TIMEOUT_MS', '3000000000', 'must be at most 600000'],
  ['RECONNECT_SPREAD_MS', '3000000000', 'must be at most 600000'],
  ['MAX_CONNECTIONS', '0', 'must be at least 1'],
  ['MAX_CONNECTIONS_PER_USER', '0', 'must be at least 1'],
  ['MAX_CONNECTIONS_PER_ADDRESS', '0', 'must be at least 1'],
  ['MAX_TOPICS_PER_CONNECTION', '51', 'must be at most 50'],
  ['DASHBOARD', 'no', 'must be true or false'],
  ['METRICS', 'On', 'must be true or false'],
  ['LOG_LEVEL', 'verbose', ''],
]

/** Each start tells all that is wrong: the first wrong value of each name, then the second, … */
function starts(): (typeof WRONG)[] {
  const names = [...new Set(WRONG.map(([name]) => name))]
  const byName = names.map((name) => WRONG.filter((row) => row[0] === name))
  const most = Math.max(...byName.map((rows) => rows.length))
  return Array.from({ length: most }, (_, n) => byName.flatMap((rows) => rows.slice(n, n + 1)))
}

describe('a value that can not work is refused at start, with a line for each', () => {
  it.each(starts().map((rows) => [rows.map((row) => row.slice(0, 2).join('=')), rows] as const))(
    '%j',
    async (_, rows) => {
      const output = await refusal(Object.fromEntries(rows))
      for (const [name, , rule] of rows) expect(output).toContain(`\n${name} ${rule}`)
    },
  )

  it('where two contradict each other', async () => {
    const env = { MAX_LOG_BYTES: '1048576', MAX_PAYLOAD_BYTES: '65537' }
    expect(await refusal(env)).toContain('\nMAX_LOG_BYTES must be at least 16 times MAX_PAYLOAD')
  })

  it('in code, too, by the name that the environment has for it', async () => {
    await expect(createSyncServer({ heartbeatMs: 1 })).rejects.toThrow('HEARTBEAT_MS must be at')
    await expect(createSyncServer({ port: Number.NaN })).rejects.toThrow('PORT must be')
  })

  it('where the address is not one of this machine', async () => {
    const env = { HOST: '203.0.113.7', ALLOW_OPEN_MODE: 'true' }
    expect(await refusal(env)).toContain('\nHOST=203.0.113.7 ')
  })
})

describe('a port that is in use', () => {
  async function occupied(host: string, port = 0): Promise<Server> {
    const server = createServer().listen(port, host)
    await once(server, 'listening')
    return server
  }

  it.each([
    ['127.0.0.1', 'localhost'],
    ['::1', 'localhost'],
    ['127.0.0.1', '127.0.0.1'],
  ])('on %s is told with the line to type, HOST=%s', async (taken, HOST) => {
    const other = await occupied(taken)
    const { port } = other.address() as AddressInfo
    const output = await refusal({ PORT: String(port), HOST })
    expect(output).toContain(`port ${port} is in use`)
    expect(output).toMatch(/such as PORT=\d+/)
    expect(output).not.toContain(`PORT=${port}\n`)
    other.close()
  })
})

describe('a value that works', () => {
  const assets = () => readdirSync('dist/dashboard/assets')

  it('is used, and an empty one counts as absent', async () => {
    const server = await startServerProcess({
      HEARTBEAT_MS: '',
      CORS_ORIGINS: '',
      METRICS: 'false',
      DASHBOARD: 'off',
      HOST: '::1',
      LOG_LEVEL: 'silent',
    })
    expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/)
    const api = new Api(server.url)
    expect((await api.status()).status).toBe(200)
    expect((await api.request('GET', '/metrics')).status).toBe(404)
    const unknown = await api.request('GET', '/nothing')
    for (const path of ['/', '/index.html', `/assets/${assets()[0]}`]) {
      expect(await api.request('GET', path)).toMatchObject({ status: 404, body: unknown.body })
    }
    await server.kill()
  })

  it('serves the dashboard, and metrics for Prometheus, by default', async () => {
    const server = await startServerProcess()
    const { status, body, headers } = await new Api(server.url).request('GET', '/metrics')
    expect(status).toBe(200)
    expect(headers.get('content-type')).toMatch(/^text\/plain; version=/)
    expect(body).toMatch(/^syncline_connections\{transport="websocket"\} 0$/m)
    expect(body).toMatch(/^syncline_published_total 0$/m)
    expect((await new Api(server.url).request('GET', '/')).body).toContain('<!doctype html>')
    await server.kill()
  })
})

describe('what is written about settings', () => {
  const documentation = readFileSync('docs/settings.md', 'utf8')
  const example = readFileSync('.env.example', 'utf8')
  const settings = Object.entries(settingsSchema.shape).map(([key, schema]) => ({
    name: envName(key),
    fallback: String(schema.parse(undefined) ?? ''),
    sentence: schema.description ?? '',
  }))

  it.each(settings)('docs/settings.md has $name, $fallback', ({ name, fallback, sentence }) => {
    const row = documentation.split('\n').find((line) => line.startsWith(`| \`${name}\` |`))
    expect(row?.split('|')[2]?.trim()).toBe(fallback === '' ? '' : `\`${fallback}\``)
    expect(row).toContain(sentence)
  })

  it.each(settings)('.env.example has $name=$fallback', ({ name, fallback }) => {
    expect(example.split('\n')).toContain(`# ${name}=${fallback}`.trim())
  })

  it('names no setting that does not exist', () => {
    const known = settings.map(({ name }) => name)
    const rows = [...documentation.matchAll(/^\| `([A-Z][A-Z_]+)` \|/gm)].map(([, name]) => name)
    const lines = [...example.matchAll(/^#? ?([A-Z][A-Z_]+)=/gm)].map(([, name]) => name)
    expect(rows).toEqual(known)
    expect(lines).toEqual(known)
  })
})
