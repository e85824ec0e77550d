// Who has no good token may try so often from one address, however that address is written, and
// what a header says of it; and nobody who has one pays for that.

import { afterEach, describe, expect, it } from '@jest/globals'
import type { SyncServerOptions } from '../../server/createSyncServer.js'
import { Api } from '../support/Api.js'
import { knockAtSocket } from '../support/doors.js'
import { expectError } from '../support/expectError.js'
import { expectFair, flood } from '../support/flood.js'
import { closeOpenClients } from '../support/openClients.js'
import { HOUR_MS, SECRET, signed } from '../support/signedTokens.js'
import { startTestServer, type TestServer } from '../support/testServer.js'

const LIMIT = 100

let server: TestServer
async function start(options: SyncServerOptions = {}): Promise<void> {
  server = await startTestServer({ authJwtSecret: SECRET, rateLimitMax: LIMIT, ...options })
}
afterEach(async () => {
  await closeOpenClients()
  await server.close()
})

const TOKENS = ['nonsense', 'dev:ann:admin', 'a.b.c', undefined]

/** One attempt, as if from there. */
async function attempt(n: number, forwardedFor?: string): Promise<number> {
  const headers: Record<string, string> =
    forwardedFor === undefined ? {} : { 'X-Forwarded-For': forwardedFor }
  const api = new Api(server.url, TOKENS[n % TOKENS.length])
  const [method, path] = n % 2 === 0 ? ['GET', 'poll'] : ['POST', 'send']
  const { status } = await api.request(method!, `/api/sync/${path}`, { headers })
  return status
}

const other = (n: number) => `198.${18 + (n % 2)}.${n >> 8}.${n & 255}`
const hex = (n: number) => (n % 256).toString(16).padStart(2, '0')
const MAPPED = [
  '198.51.100.7',
  '::ffff:198.51.100.7',
  '::FFFF:198.51.100.7',
  '::ffff:c633:6407',
  '0:0:0:0:0:ffff:198.51.100.7',
  '198.51.100.7:1024',
  '[::ffff:198.51.100.7]:1025',
]

describe('wrong credentials', () => {
  it.each<[string, SyncServerOptions, ((n: number) => string) | undefined]>([
    ['from one address', {}, undefined],
    ['with another X-Forwarded-For each time', { trustProxy: 0 }, other],
    ['with one behind a proxy', { trustProxy: 1 }, (n) => `${other(n)}, 203.0.113.9`],
    [
      'with one behind two named proxies',
      { trustProxy: ['loopback', '10.0.0.0/8'] },
      (n) => `${other(n)}, 203.0.113.9, 10.0.${n >> 8}.${n & 255}`,
    ],
    ['from an IPv6 prefix', { trustProxy: 1 }, (n) => `2001:db8:0:1${hex(n)}::${hex(n)}`],
    ['from an IPv4 address in every form', { trustProxy: 1 }, (n) => MAPPED[n % MAPPED.length]!],
    ['from no address at all', { trustProxy: 1 }, (n) => `unknown-${n}`],
  ])('have no more attempts than the limit: %s', async (what, options, of) => {
    await start(options)
    const answers = await flood(2 * LIMIT, (n) => attempt(n, of?.(n)))
    expect([...answers.keys()].sort()).toEqual([401, 429])
    expectFair(`wrong credentials ${what}`, answers.get(401)!, LIMIT)
  })

  it('are counted together over HTTP and WebSockets, where they are 4429', async () => {
    await start()
    const codes = await flood(2 * LIMIT, (n) =>
      n % 4 === 0
        ? attempt(n)
        : knockAtSocket(server.url, n % 2 === 0 ? { token: 'nonsense' } : { ticket: 'nonsense' }),
    )
    const refused = [401, 4501, 4401].map((code) => codes.get(code) ?? 0)
    expect(codes.get(4429)).toBeGreaterThan(0)
    expectFair(
      'wrong credentials on sockets',
      refused.reduce((a, b) => a + b),
      LIMIT,
    )
  })

  it('of one address leave another one, and the next prefix, their own', async () => {
    await start({ trustProxy: 1 })
    await flood(LIMIT, (n) => attempt(n, '203.0.113.9'))
    await flood(LIMIT, (n) => attempt(n, '2001:db8:0:100::1'))
    expect(await attempt(0, '203.0.113.9')).toBe(429)
    expect(await attempt(0, '2001:db8:0:1ff::1')).toBe(429)
    expect(await attempt(0, '203.0.113.10')).toBe(401)
    expect(await attempt(0, '2001:db8:0:200::1')).toBe(401)
  })

  it('are answered with when to come back', async () => {
    await start()
    await flood(LIMIT, attempt)
    const answer = await new Api(server.url, 'nonsense').poll()
    expectError(answer, 429, 'rate_limited')
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(answer.headers.get('ratelimit')).toMatch(/^"wrong credentials"; r=0; t=\d+$/)
    expect(answer.headers.get('ratelimit-policy')).toBe(`"wrong credentials"; q=${LIMIT}; w=900`)
  })
})

describe('who shares an address with one that used up its attempts', () => {
  it('is let in with a good token, at every door', async () => {
    await start()
    await flood(2 * LIMIT, attempt)
    const token = await signed({ sub: 'ann' })
    const ann = new Api(server.url, token)
    expect((await ann.poll()).status).toBe(200)
    expect((await ann.send({ type: 'a' })).status).toBe(201)
    expect(await knockAtSocket(server.url, { token })).toBe(101)
    const { ticket } = (await ann.request('POST', '/api/sync/ticket')).body
    expect(await knockAtSocket(server.url, { ticket })).toBe(101)
  })

  it('is still told that a token has expired, and so gets a fresh one at once', async () => {
    await start()
    await flood(2 * LIMIT, attempt)
    const token = await signed({ sub: 'ann' }, { nowMs: Date.now() - 2 * HOUR_MS })
    expectError(await new Api(server.url, token).poll(), 401, 'unauthorized')
    expect(await knockAtSocket(server.url, { token })).toBe(4401)
  })
})
