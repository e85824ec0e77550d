// Clients that hold a place by being slow: with a head, a body, a handshake or a first frame that
// never ends. All at once, so that it takes no longer than the slowest.

import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { clientFrame, jsonFrame, OPCODE, RawSocket } from '../support/RawSocket.js'
import { WatchedServer } from '../support/WatchedServer.js'

const CUT_WITHIN_MS = 15_000
const TRICKLE_EVERY_MS = 400

let server: WatchedServer

beforeAll(async () => {
  server = await WatchedServer.start()
})

afterAll(() => server?.end())

interface Slow {
  /** What it says at first. */
  readonly first: () => string | Buffer
  /** What it says after that, again and again; by default nothing. */
  readonly more?: (turn: number) => string | Buffer
  /** How it is told, where it is told anything. */
  readonly told: RegExp | number
}

const head = (path: string, ...headers: string[]) =>
  [
    `${path} HTTP/1.1`,
    'Host: localhost',
    `Authorization: Bearer ${server.token('slow')}`,
    ...headers,
  ].join('\r\n')
const json = 'Content-Type: application/json'
const post = (...headers: string[]) => `${head('POST /api/sync/send', json, ...headers)}\r\n\r\n`
const handshake = () =>
  head(
    'GET /ws',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  )
const firstFrame = jsonFrame({ op: 'connect', topics: ['public:slow'] })

const timedOut = /^HTTP\/1\.1 408 /
const SLOW: Readonly<Record<string, Slow>> = {
  'not one byte': { first: () => '', told: timedOut },
  'half a head': { first: () => head('GET /api/sync/poll'), told: timedOut },
  'a head that goes on and on': {
    first: () => `${head('GET /api/sync/poll')}\r\n`,
    more: (turn) => `x-${turn}: y\r\n`,
    told: timedOut,
  },
  'a body that does not come': { first: () => post('Content-Length: 99'), told: timedOut },
  'a body byte by byte': {
    first: () => post('Content-Length: 99'),
    more: () => ' ',
    told: timedOut,
  },
  'a body chunk by chunk': {
    first: () => post('Transfer-Encoding: chunked'),
    more: () => '1\r\n \r\n',
    told: timedOut,
  },
  'a second request on a connection, half of it': {
    first: () => `${head('GET /api/sync/status')}\r\n\r\n${head('GET /api/sync/status')}`,
    told: /\r\nHTTP\/1\.1 408 |"code":"invalid_request"/,
  },
  'half a handshake': { first: handshake, told: timedOut },
  'a handshake that goes on and on': {
    first: () => `${handshake()}\r\n`,
    more: (turn) => `x-${turn}: y\r\n`,
    told: timedOut,
  },
  'no first frame': { first: () => `${handshake()}\r\n\r\n`, told: 4408 },
  'pings, but no first frame': {
    first: () => `${handshake()}\r\n\r\n`,
    more: () => clientFrame(OPCODE.ping, 'still here'),
    told: 4408,
  },
  'a first frame byte by byte': {
    first: () => `${handshake()}\r\n\r\n`,
    more: (turn) => firstFrame.subarray(turn, turn + 1),
    told: 4408,
  },
  'a first frame in endless parts': {
    first: () => `${handshake()}\r\n\r\n`,
    more: (turn) =>
      clientFrame(turn === 0 ? OPCODE.text : OPCODE.continuation, ' ', { isFinal: false }),
    told: 4408,
  },
}

/** How long the server put up with it, and what it said. */
async function suffer({ first, more }: Slow): Promise<{ ms: number; raw: RawSocket }> {
  const raw = await RawSocket.open(server.url)
  const startedAt = performance.now()
  raw.write(first())
  let turn = 0
  const trickle = setInterval(() => {
    if (more !== undefined && !raw.hasEnded) raw.write(more(turn))
    turn += 1
  }, TRICKLE_EVERY_MS)
  await raw.closed
  clearInterval(trickle)
  return { ms: performance.now() - startedAt, raw }
}

it('whoever is slow is told so and cut off within 15 seconds, whatever it is slow with', async () => {
  const names = Object.keys(SLOW)
  const suffered = await Promise.all(Object.values(SLOW).map(suffer))
  const took = Object.fromEntries(names.map((name, index) => [name, suffered[index]?.ms]))
  const isLate = ([, ms = Infinity]: [string, number | undefined]) => ms > CUT_WITHIN_MS
  expect(Object.entries(took).filter(isLate)).toEqual([])
  for (const [index, { told }] of Object.values(SLOW).entries()) {
    const raw = suffered[index]?.raw
    if (typeof told === 'number') expect(raw?.closeCode).toBe(told)
    else expect(raw?.text).toMatch(told)
    if (told === timedOut) expect(raw?.text).toContain('"success":false')
  }
  await server.expectUnharmed()
})
