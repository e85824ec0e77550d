// Everything that can grow has a bound. At the bound the answer is a clear error or an eviction
// that is told, never more memory; and what clients leave is there for the next.

import { afterEach, describe, expect, it } from '@jest/globals'
import type { SyncServerOptions } from '../../server/createSyncServer.js'
import { Api } from '../support/Api.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { waitFor } from '../support/waitFor.js'

let server: TestServer

afterEach(() => server.close())

async function start(options: SyncServerOptions): Promise<void> {
  server = await startTestServer(options)
}

/** A client that takes a place on one transport: whether it got one, and how it gives it back. */
interface Place {
  readonly isTaken: boolean
  leave(): Promise<void>
}

const transports: Record<string, (user: string) => Promise<Place>> = {
  async webSocket(user) {
    const client = new SocketClient(server.url)
    await client.opened()
    client.send({ op: 'connect', token: `dev:${user}` })
    let code: number | undefined
    void client.closed.then((end) => {
      code = end.code
    })
    const isConnected = () => client.frames.all.some(({ op }) => op === 'connected')
    await waitFor('an answer', () => isConnected() || code !== undefined)
    if (code !== undefined) expect(code).toBe(1013)
    return { isTaken: code === undefined, leave: () => client.close() }
  },

  async sse(user) {
    const token = `dev:${user}`
    const stream = await StreamClient.open(server.url, { token })
    if (stream.response.statusCode === 200) {
      await stream.next('connected')
      return { isTaken: true, leave: async () => stream.close() }
    }
    stream.close()
    expectUnavailable(await new Api(server.url, token).request('GET', '/api/sync/stream'))
    return { isTaken: false, leave: async () => {} }
  },

  async longPoll(user) {
    const api = new Api(server.url, `dev:${user}`)
    const controller = new AbortController()
    const before = held()
    let refused: unknown
    const answer = api
      .poll({ since: 'now', wait: 25 }, controller.signal)
      .then((told) => {
        refused = told
      })
      .catch(() => {})
    await waitFor('it to be held or refused', () => held() > before || refused !== undefined)
    if (refused !== undefined) {
      expectUnavailable(refused)
      return { isTaken: false, leave: async () => {} }
    }
    return {
      isTaken: true,
      async leave() {
        const all = held()
        controller.abort()
        await answer
        await waitFor('it to be let go', () => held() < all)
      },
    }
  },
}

const held = () =>
  (server.server.stats() as { connections: { longPoll: number } }).connections.longPoll

function expectUnavailable(answer: unknown): void {
  expect(answer).toMatchObject({ status: 503, body: { error: { code: 'unavailable' } } })
  const { headers } = answer as { headers: Headers }
  expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
}

const kinds = Object.keys(transports)
const take = (kind: string, user: string) => transports[kind]!(user)

/** Takes a place again and again until there is one: what has left is freed in a moment. */
async function takeFreed(kind: string, user: string): Promise<Place> {
  return waitFor('a place to be free', async () => {
    const place = await take(kind, user)
    return place.isTaken ? place : undefined
  })
}

describe.each(kinds)('connections over %s', (kind) => {
  it.each<[string, SyncServerOptions, boolean]>([
    ['MAX_CONNECTIONS', { maxConnections: 2 }, false],
    ['MAX_CONNECTIONS_PER_ADDRESS', { maxConnectionsPerAddress: 2 }, false],
    ['MAX_CONNECTIONS_PER_USER', { maxConnectionsPerUser: 2 }, true],
  ])(
    'are refused beyond %s, and taken again when one has left',
    async (_name, options, isPerUser) => {
      await start(options)
      const places = [await take(kind, 'ann'), await take(kind, 'ann')]
      expect(places.map(({ isTaken }) => isTaken)).toEqual([true, true])
      expect((await take(kind, 'ann')).isTaken).toBe(false)
      const other = await take(kind, 'ben')
      expect(other.isTaken).toBe(isPerUser)

      await places[0]?.leave()
      const next = await takeFreed(kind, 'ann')
      expect((await take(kind, 'ann')).isTaken).toBe(false)
      for (const place of [next, other, places[1]!]) await place.leave()
      for (let round = 0; round < 5; round += 1) {
        const place = await takeFreed(kind, 'ann')
        await place.leave()
      }
    },
  )
})

describe('places', () => {
  it('are shared by all transports', async () => {
    await start({ maxConnections: 3 })
    const places = []
    for (const kind of kinds) places.push(await take(kind, 'ann'))
    expect(places.every(({ isTaken }) => isTaken)).toBe(true)
    for (const kind of kinds) expect((await take(kind, 'ben')).isTaken).toBe(false)
    for (const place of places) await place.leave()
  })

  it('are not taken by polls that are answered', async () => {
    await start({ maxConnections: 1 })
    const stream = await take('sse', 'ann')
    const api = new Api(server.url, 'dev:ann')
    await Promise.all(
      Array.from({ length: 10 }, async () => expect((await api.poll()).status).toBe(200)),
    )
    await stream.leave()
  })

  it.each(kinds)('are given up by a WebSocket that is silent for one over %s', async (kind) => {
    await start({ maxConnections: 1 })
    const silent = new SocketClient(server.url)
    await silent.opened()
    const place = await take(kind, 'ann')
    expect(place.isTaken).toBe(true)
    expect((await silent.closed).code).toBe(1006)
    await place.leave()
  })

  it('are given back by a refused token, a bad first frame and a bad cursor', async () => {
    await start({ maxConnections: 1 })
    for (const frame of [
      { op: 'connect', token: 'nonsense' },
      { op: 'ping' },
      { op: 'connect', since: 'nonsense' },
      { op: 'connect', topics: ['*'] },
    ]) {
      const client = await waitFor('a place', async () => {
        const socket = new SocketClient(server.url)
        await socket.opened()
        socket.send(frame)
        return (await socket.closed).code === 1013 ? undefined : socket
      })
      expect(client.frames.all.some(({ op }) => op === 'connected')).toBe(false)
    }
    await (await takeFreed('webSocket', 'ann')).leave()
  })
})

describe('MAX_TOPICS_PER_CONNECTION', () => {
  it('holds on every transport, for what was added as well', async () => {
    await start({ maxTopicsPerConnection: 2 })
    const api = new Api(server.url, 'dev:ann')
    const tooMany = { status: 400, body: { error: { code: 'invalid_request' } } }
    expect((await api.poll({ topics: 'a,b' })).status).toBe(200)
    expect((await api.poll({ topics: 'a,b,b,a' })).status).toBe(200)
    expect(await api.poll({ topics: 'a,b,c' })).toMatchObject(tooMany)
    expect(await api.request('GET', '/api/sync/stream?topics=a,b,c')).toMatchObject(tooMany)

    const refused = new SocketClient(server.url)
    await refused.opened()
    refused.send({ op: 'connect', token: 'dev:ann', topics: ['a', 'b', 'c'] })
    expect(await refused.next('error')).toMatchObject({ code: 'invalid_request' })
    expect((await refused.closed).code).toBe(4400)

    const socket = await SocketClient.connect(server.url, { token: 'dev:ann', topics: ['a'] })
    const subscribe = (topics: string[]) => socket.ask({ op: 'subscribe', topics })
    expect(await subscribe(['b'])).toMatchObject({ op: 'ok' })
    expect(await subscribe(['a'])).toMatchObject({ op: 'ok' })
    expect(await subscribe(['c'])).toMatchObject({ op: 'error', code: 'invalid_request' })
    expect(await socket.ask({ op: 'unsubscribe', topics: ['a'] })).toMatchObject({ op: 'ok' })
    expect(await subscribe(['c'])).toMatchObject({ op: 'ok' })
    await socket.close()
  })
})

describe('MAX_IDEMPOTENCY_KEYS', () => {
  it('refuses new keys at the bound, forgets none, and takes what has no key', async () => {
    let now = 0
    await start({ maxIdempotencyKeys: 2, idempotencyTtlMs: 60_000, monotonicNow: () => now })
    const api = new Api(server.url, 'dev:ann')
    const send = (key: string) => api.send({ type: 'a' }, { 'Idempotency-Key': key })
    expect((await send('k1')).status).toBe(201)
    now = 20_000
    expect((await send('k2')).status).toBe(201)
    const refused = await send('k3')
    expectUnavailable(refused)
    expect(refused.headers.get('retry-after')).toBe('40')
    expect(await send('k1')).toMatchObject({ status: 200, body: { duplicate: true } })
    expect((await api.send({ type: 'a' })).status).toBe(201)
    const socket = await SocketClient.connect(server.url, { token: 'dev:ann' })
    const message = { type: 'a', idempotencyKey: 'k4' }
    expect(await socket.ask({ op: 'send', message })).toMatchObject({ code: 'unavailable' })
    await socket.close()
    expect((await api.poll()).body.count).toBe(3)
    now = 60_000
    expect((await send('k3')).status).toBe(201)
  })
})

it('what one user may read in a window is one budget for all transports', async () => {
  await start({ rateLimitReadMax: 3 })
  const token = 'dev:reader'
  const api = new Api(server.url, token)
  expect((await api.poll()).status).toBe(200)
  expect((await transports.sse?.('reader'))?.isTaken).toBe(true)
  const last = await SocketClient.connect(server.url, { token })
  const refused = new SocketClient(server.url)
  await refused.opened()
  refused.send({ op: 'connect', token })
  expect((await refused.closed).code).toBe(4429)
  expect(refused.frames.all).toMatchObject([{ op: 'error', code: 'rate_limited' }])
  expect((await api.poll()).status).toBe(429)
  expect(await last.ask({ op: 'ping' })).toMatchObject({ op: 'ok' })
  expect((await new Api(server.url, 'dev:other').poll()).status).toBe(200)
})

it('who was counted is let go of when the window has ended, and nobody has to come for it', async () => {
  let now = Date.now()
  const limits = { rateLimitMax: 5, rateLimitReadMax: 5, rateLimitWindowMs: 60_000 }
  await start({ ...limits, wallNow: () => now })
  const counted = async () => {
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    return Number(/^syncline_rate_limit_callers (\d+)$/m.exec(metrics)?.[1])
  }
  for (const user of ['ann', 'bob', 'cid']) {
    const api = new Api(server.url, `dev:${user}`)
    expect((await api.poll()).status).toBe(200)
    expect((await api.send({ type: 'a' })).status).toBe(201)
  }
  expect(await counted()).toBe(6)
  now += 60_001
  await waitFor('all to be let go of', async () => (await counted()) === 0)
})
