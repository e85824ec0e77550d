// Frames without end, of every kind, from before `connect` to after it: with the limit that a server
// has by default, whoever sends them is told 4429 and is gone.

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { clientFrame, jsonFrame, OPCODE, RawSocket } from '../support/RawSocket.js'
import { WatchedServer } from '../support/WatchedServer.js'
import { waitFor } from '../support/waitFor.js'

const PER_SECOND = 200
/** More than ten seconds' worth, over which they are averaged. */
const FLOOD = PER_SECOND * 15

let server: WatchedServer

beforeAll(async () => {
  server = await WatchedServer.start({ MAX_FRAMES_PER_SECOND: String(PER_SECOND) })
})

afterEach(() => server.expectUnharmed())

afterAll(() => server?.end())

const flood = (frame: Buffer) => Buffer.concat(Array.from({ length: FLOOD }, () => frame))
const { ping, pong } = OPCODE

/** In one segment with the handshake, as far as a segment goes. */
async function eager(bytes: Buffer): Promise<RawSocket> {
  const raw = await RawSocket.open(server.url)
  raw.socket.cork()
  raw.writeUpgrade()
  raw.write(bytes)
  raw.socket.uncork()
  return raw
}

async function sending(raw: RawSocket, bytes: Buffer): Promise<RawSocket> {
  raw.write(bytes)
  return raw
}

const upgraded = async (bytes: Buffer) => sending(await RawSocket.upgraded(server.url), bytes)

const accepted = async (bytes: Buffer) => {
  const token = server.token('flooder')
  return sending(await RawSocket.connected(server.url, { token }), bytes)
}

async function closeCode(raw: RawSocket): Promise<number> {
  const code = await waitFor('a close frame', () => raw.closeCode)
  await raw.close()
  return code
}

describe.each([
  ['after connect', accepted],
  ['before connect', upgraded],
  ['in one segment with the handshake', eager],
])('%s', (_when, open) => {
  it.each([
    ['pings', clientFrame(ping)],
    ['pings of 125 bytes', clientFrame(ping, 'x'.repeat(125))],
    ['pongs', clientFrame(pong, 'x')],
  ])('a flood of %s is 4429', async (_what, frame) => {
    expect(await closeCode(await open(flood(frame)))).toBe(4429)
  })
})

it.each([
  ['commands', { op: 'ping' }],
  ['commands that are wrong', { op: 'nonsense' }],
  ['refused sends', { op: 'send', message: { type: 'a', userId: 'victim' } }],
  ['catch-ups', { op: 'subscribe', topics: ['public:a'], since: '0' }],
  ['new tokens', { op: 'refresh', token: 'x' }],
])('a flood of %s ends its connection', async (_what, frame) => {
  expect([4429, 4501]).toContain(await closeCode(await accepted(flood(jsonFrame(frame)))))
})

it.each([
  ['commands that are wrong', { op: 'nonsense' }],
  ['sends to others', { op: 'send', message: { type: 'a', userId: 'victim' } }],
  ['subscriptions that are not granted', { op: 'subscribe', topics: ['secret'] }],
  ['messages that are none', { op: 'send', message: { type: 'a', nonsense: true } }],
])('far fewer %s than a flood end a connection', async (_what, frame) => {
  const few = Array.from({ length: PER_SECOND }, () => jsonFrame(frame))
  expect(await closeCode(await accepted(Buffer.concat(few)))).toBe(4429)
})

it('one user gains little by many connections: a fifth that sends as much is cut off', async () => {
  const token = server.token('many-handed')
  const most = Buffer.concat(
    Array.from({ length: PER_SECOND * 10 - 10 }, () => jsonFrame({ op: 'ping' })),
  )
  const raws = await Promise.all(
    Array.from({ length: 5 }, () => RawSocket.connected(server.url, { token })),
  )
  for (const raw of raws) raw.write(most)
  await waitFor('one to be cut off', () => raws.some(({ closeCode }) => closeCode === 4429))
  for (const raw of raws) await raw.close()
})

it('frames below the limit are taken, second after second', async () => {
  const raw = await RawSocket.connected(server.url, { token: server.token('steady') })
  const half = Array.from({ length: PER_SECOND * 5 }, (_, ref) => jsonFrame({ op: 'ping', ref }))
  raw.write(Buffer.concat(half))
  await waitFor('all answers', () => raw.said.length === half.length + 1)
  expect(raw.closeCode).toBeUndefined()
  await raw.close()
})
