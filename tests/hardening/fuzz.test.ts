// Random input at every door. Whatever comes, the answer is one of the contract's, in JSON, and
// the server goes on serving everybody else.

import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type HttpAnswer, httpRequest } from '../support/httpRequest.js'
import { clientFrame, RawSocket } from '../support/RawSocket.js'
import { body, contentType, encoding, frame, handshake, header } from '../support/randomInput.js'
import { WatchedServer } from '../support/WatchedServer.js'
import { waitFor } from '../support/waitFor.js'

const CODES = [
  ...[1000, 1002, 1003, 1005, 1007, 1008, 1009, 1012, 1013],
  ...[4400, 4401, 4408, 4429, 4500, 4501, 4503],
]
const BODY_RUNS = 800
const QUERY_RUNS = 500
const HANDSHAKE_RUNS = 300
const FRAME_RUNS = 200

let server: WatchedServer
/** Of an admin, who gets furthest; of a user; and none. */
let tokens: (string | undefined)[]

beforeAll(async () => {
  server = await WatchedServer.start()
  const topics = { subscribe: ['*'], publish: ['*'] }
  tokens = [server.token('boss', { roles: ['admin'], topics }), server.token('fuzz'), undefined]
})

afterEach(() => server.expectUnharmed())

afterAll(() => server?.end())

/** A clear answer: JSON that says whether it worked, and never a fault of the server's own. */
function expectClear({ status, headers, body }: HttpAnswer): void {
  // Of unused tickets there is a bound, which is told with the time to come back.
  if (status === 503) expect(Number(headers['retry-after'])).toBeGreaterThan(0)
  else expect(status).toBeLessThan(500)
  expect(headers['content-type']).toBe('application/json; charset=utf-8')
  expect(headers['cache-control']).toBe('no-store')
  expect(body.success).toBe(status < 400)
  if (status < 400) return
  expect(body.error).toMatchObject({ code: expect.any(String), message: expect.any(String) })
  expect(body.error.message).not.toMatch(/node_modules|\bat \w+ \(/)
}

const who = fc.constantFrom(0, 0, 0, 1, 2).map((index) => {
  const token = tokens[index]
  return token === undefined ? {} : { Authorization: `Bearer ${token}` }
})
it('answers any body at send, broadcast, force, ticket and revoke', async () => {
  const path = fc.constantFrom('send', 'broadcast', 'force', 'ticket', 'revoke')
  const key = fc.option(header, { nil: undefined })
  const post = fc.record({ path, who, body, contentType, encoding, key })
  await fc.assert(
    fc.asyncProperty(post, async ({ path, who, body, contentType, encoding, key }) => {
      const answer = await httpRequest(`${server.url}/api/sync/${path}`, {
        method: 'POST',
        body,
        headers: {
          ...who,
          'Content-Type': contentType,
          ...(encoding !== undefined && { 'Content-Encoding': encoding }),
          ...(key !== undefined && { 'Idempotency-Key': key }),
        },
      })
      expectClear(answer)
    }),
    { numRuns: BODY_RUNS },
  )
})

it('answers any query and any header at poll, stream and status', async () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('0', 'now', '1', '-1', '1e9', '0x10', '9'.repeat(16), '1-1.abcdef'),
    fc.tuple(fc.bigInt({ min: 0n }), fc.bigInt({ min: 0n })).map(([a, b]) => `${a}-${b}.abcdef`),
  )
  const name = fc.constantFrom('since', 'topics', 'limit', 'ticket', 'token', 'x', '__proto__')
  const wait = fc.tuple(fc.constant('wait'), fc.constantFrom('0', '-1', '26', '1e1', 'x', '0.0.1'))
  const query = fc.array(fc.oneof(wait, fc.tuple(name, value)), { maxLength: 4 })
  const odd = fc.constantFrom('Last-Event-ID', 'Authorization', 'If-None-Match', 'Range', 'Cookie')
  const headers = fc.array(fc.tuple(odd, header), { maxLength: 2 })
  const path = fc.constantFrom('poll', 'stream', 'status')
  await fc.assert(
    fc.asyncProperty(path, who, query, headers, async (path, who, query, headers) => {
      const url = `${server.url}/api/sync/${path}?${new URLSearchParams(query)}`
      const answer = await httpRequest(url, {
        headers: { ...who, ...Object.fromEntries(headers) },
      })
      if (answer.headers['content-type'] !== 'text/event-stream') expectClear(answer)
    }),
    { numRuns: QUERY_RUNS },
  )
})

const frames = fc.array(frame, { minLength: 1, maxLength: 5 })

it.each([
  ['before', false],
  ['after', true],
])(
  'answers or closes on any frames %s connect',
  async (_when, isConnected) => {
    await fc.assert(
      fc.asyncProperty(frames, fc.nat(1), async (frames, index) => {
        const raw = isConnected
          ? await RawSocket.connected(server.url, { token: tokens[index] })
          : await RawSocket.upgraded(server.url)
        // The close makes the server say its last word, whatever it made of the frames.
        raw.write(Buffer.concat([...frames, clientFrame(8, Buffer.from([3, 232]))]))
        // Bytes that announce a longer frame swallow the close; then the server goes on waiting.
        raw.socket.end()
        await raw.closed
        if (raw.closeCode !== undefined) expect(CODES).toContain(raw.closeCode)
        for (const { op } of raw.said) {
          expect(['connected', 'ok', 'error', 'message', 'resync', 'heartbeat']).toContain(op)
        }
        expect(raw.said.some(({ code }) => code === 'internal')).toBe(false)
      }),
      { numRuns: FRAME_RUNS },
    )
  },
  120_000,
)

/** Bytes are a request that was answered, an upgrade, or neither; never a fault of the server's. */
function expectWellFormed(text: string): void {
  if (text === '' || text.startsWith('HTTP/1.1 101 ')) return
  expect(text).toMatch(/^HTTP\/1\.1 [234]\d\d /)
  const [head = '', body = ''] = text.split('\r\n\r\n')
  // To a request without a Host, Node itself says 400 and no more.
  if (/^content-type: application\/json/im.test(head)) expect(body).toMatch(/^\{"success":/)
  else expect(head).toMatch(/^HTTP\/1\.1 400 /)
}

it('answers or hangs up on any handshake, and on bytes that are none', async () => {
  await fc.assert(
    fc.asyncProperty(handshake, async (bytes) => {
      const raw = await RawSocket.open(server.url)
      raw.write(bytes)
      await waitFor('it to be taken', () => raw.socket.writableLength === 0)
      // Half a head is waited for: the end of it is what there is to wait for here.
      raw.socket.end()
      await raw.closed
      expectWellFormed(raw.text)
    }),
    { numRuns: HANDSHAKE_RUNS },
  )
})
