// Requests that a client sends on one connection without waiting for answers (RFC 9112, section
// 9.3.2). Those behind an unanswered one have no socket yet: nobody would tell when they are gone,
// and their answers would wait in memory. They are refused, whatever they ask for.

import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { SyncServerOptions } from '../../server/createSyncServer.js'
import { Api } from '../support/Api.js'
import { expectServed } from '../support/canary.js'
import { RawSocket } from '../support/RawSocket.js'
import { type ServerProcess, startServerProcess } from '../support/serverProcess.js'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { waitFor } from '../support/waitFor.js'

const STREAM = '/api/sync/stream'
const HELD = '/api/sync/poll?since=now&wait=25'

let server: TestServer
/** How many requests the server has looked at. */
let asked = 0

async function start(options: SyncServerOptions = {}): Promise<void> {
  asked = 0
  server = await startTestServer({
    ...options,
    authenticate: ({ token = 'ann' }) => {
      asked += 1
      return { userId: token, roles: ['admin'] }
    },
  })
}

const get = (path: string, token?: string) =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    '',
    '',
  ].join('\r\n')

const statusLines = (raw: RawSocket) =>
  [...raw.text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))

const connections = async () => (await new Api(server.url, 'admin').status()).body.connections

const recipients = async () =>
  (await server.server.publish({ type: 'test', userId: 'ann' })).recipients

describe('streams and held polls', () => {
  afterEach(() => server.close())

  it('behind a held poll are answered 503 once it is answered', async () => {
    await start()
    const raw = await RawSocket.open(server.url)
    raw.write([HELD, STREAM, HELD, STREAM].map((path) => get(path)).join(''))
    await waitFor('all to be looked at', () => asked === 4)
    expect(await connections()).toMatchObject({ total: 1, longPoll: 1 })
    expect(await recipients()).toBe(1)
    await waitFor('four answers', () => statusLines(raw).length === 4)
    expect(statusLines(raw)).toEqual([200, 503, 503, 503])
    expect(raw.text.match(/"code":"unavailable"/g)).toHaveLength(3)
    expect(raw.text.match(/^retry-after: \d+/gim)).toHaveLength(3)
    expect(await connections()).toMatchObject({ total: 0 })
    expect(await recipients()).toBe(0)
    // The connection itself is as good as before.
    raw.write(get('/api/sync/poll?since=0'))
    await waitFor('the next answer', () => statusLines(raw).length === 5)
    expect(statusLines(raw).at(-1)).toBe(200)
    await raw.close()
  })

  it.each([STREAM, HELD])('behind %s leave nothing once the socket is cut', async (first) => {
    await start({ maxConnections: 2, maxConnectionsPerUser: 2 })
    const raw = await RawSocket.open(server.url)
    const behind = Array.from({ length: 20 }, () => [STREAM, HELD]).flat()
    raw.write([first, ...behind].map((path) => get(path)).join(''))
    await waitFor('all to be looked at', () => asked === 41)
    expect(await connections()).toMatchObject({ total: 1 })
    raw.reset()
    await waitFor('it to be let go', async () => (await connections()).total === 0)
    expect(await recipients()).toBe(0)

    // All places are there again.
    const places = [await RawSocket.open(server.url), await RawSocket.open(server.url)]
    for (const place of places) place.write(get(STREAM))
    await waitFor('two streams', async () => (await connections()).total === 2)
    expect(places.map(statusLines)).toEqual([[200], [200]])
    for (const place of places) await place.close()
  })
})

describe('a poll whose answer is not taken', () => {
  const PAYLOAD_BYTES = 15 << 20

  /** The answer is more than what the kernel holds for a peer that doesn't read. */
  async function openUnread(maxConnectionsPerUser: number): Promise<RawSocket> {
    await start({ maxConnectionsPerUser, maxPayloadBytes: 16 << 20 })
    await server.server.publish({
      type: 'large',
      userId: 'ann',
      payload: 'x'.repeat(PAYLOAD_BYTES),
    })
    const raw = await RawSocket.open(server.url)
    raw.freeze()
    raw.write(get('/api/sync/poll?since=0'))
    await waitFor('it to be looked at', () => asked === 1)
    return raw
  }

  const pollOf = (user: string) => new Api(server.url, user).poll({ since: 'now' })

  afterEach(() => server.close())

  it.each<[string, (raw: RawSocket) => void]>([
    ['when it is taken', (raw) => raw.socket.resume()],
    ['when the client leaves', (raw) => raw.reset()],
  ])('counts for its user, and gives its place back %s', async (_when, end) => {
    const raw = await openUnread(1)
    const refused = await pollOf('ann')
    expect(refused).toMatchObject({ status: 503, body: { error: { code: 'unavailable' } } })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect((await pollOf('ben')).status).toBe(200)
    end(raw)
    await waitFor('a place', async () => (await pollOf('ann')).status === 200)
    await raw.close()
  })

  it('has those behind it refused', async () => {
    const raw = await openUnread(100)
    raw.write(get('/api/sync/poll?since=0').repeat(20))
    expect((await pollOf('ben')).status).toBe(200)
    raw.socket.resume()
    await waitFor('all answers', () => statusLines(raw).length === 21, 20_000)
    const [first, ...others] = statusLines(raw)
    expect(first).toBe(200)
    expect(others.filter((status) => status === 503).length).toBe(others.length)
    await raw.close()
  })
})

describe('polls of large pages that are pipelined and never read', () => {
  const PAYLOAD_BYTES = 50_000
  const SOCKETS = 8
  const POLLS = 100
  const MAX_GROWTH_MIB = 128

  let child: ServerProcess
  afterEach(() => child.kill())

  it('do not grow the process', async () => {
    child = await startServerProcess({ LOG_LEVEL: 'warn' })
    const ann = new Api(child.url, 'dev:ann')
    for (let sent = 0; sent < 25; sent += 1) {
      await ann.send({ type: 'large', payload: 'x'.repeat(PAYLOAD_BYTES) })
    }
    const baselineMib = await settledMib(child, ann)

    const poll = get('/api/sync/poll?since=0', 'dev:ann')
    const sockets = await Promise.all(
      Array.from({ length: SOCKETS }, () => RawSocket.open(child.url)),
    )
    let peakMib = 0
    for (const socket of sockets) socket.freeze()
    for (let round = 0; round < POLLS / 10; round += 1) {
      for (const socket of sockets) socket.write(poll.repeat(10))
      // Answered behind them, by a server that has looked at them.
      expect((await ann.poll({ since: 'now' })).status).toBe(200)
      peakMib = Math.max(peakMib, residentMib(child))
    }
    // Eight hundred pages of more than a MiB were asked for.
    expect(peakMib - baselineMib).toBeLessThan(MAX_GROWTH_MIB)
    for (const socket of sockets) socket.reset()
    await expectServed(child.url)
  })

  /** After a load of the same kind that is read, so that what a busy heap holds is part of it. */
  async function settledMib(process: ServerProcess, reader: Api): Promise<number> {
    for (let read = 0; read < 40; read += 1) {
      expect((await reader.poll({ since: 0 })).body.hasMore).toBe(true)
    }
    return residentMib(process)
  }
})

function residentMib({ child: { pid } }: ServerProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024
}
