// What limits must not do: take from those who keep to them. And how they are told, end, and are
// switched off.

import { afterEach, describe, expect, it } from '@jest/globals'
import type { SyncServerOptions } from '../../server/createSyncServer.js'
import { type Answer, Api } from '../support/Api.js'
import { expectError } from '../support/expectError.js'
import { Follower, TRANSPORTS } from '../support/Follower.js'
import { flood } from '../support/flood.js'
import { NumberedPublisher } from '../support/NumberedPublisher.js'
import { closeOpenClients } from '../support/openClients.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { HOUR_MS, SECRET, signed } from '../support/signedTokens.js'
import { TestClock } from '../support/TestClock.js'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { waitFor } from '../support/waitFor.js'

const SERVICE = { name: 'jobs', secret: 'a service secret for tests: 0123456789' }
const WINDOW_MS = 15 * 60_000
/** What a server has that sets nothing; the test server switches these off. */
const DEFAULTS: SyncServerOptions = { rateLimitMax: 1000, maxFramesPerSecond: 200 }

let clock: TestClock
let server: TestServer
async function start(options: SyncServerOptions): Promise<void> {
  clock = new TestClock()
  server = await startTestServer({
    authJwtSecret: SECRET,
    serviceTokens: [SERVICE],
    ...clock.clocks,
    ...options,
  })
}
afterEach(async () => {
  await closeOpenClients()
  await server.close()
})

const apiOf = async (sub: string, ...roles: string[]) =>
  new Api(server.url, await signed({ sub, roles }, { ttlMs: 2 * HOUR_MS }))
const send = async (api: Api, body: object = { type: 'a', userId: 'ann' }) =>
  (await api.send(body)).status
const print = (text: string) => process.stdout.write(`limits: ${text}\n`)

describe('one who abuses a shared address', () => {
  it('leaves forty-nine others there their own allowance, over HTTP and WebSockets', async () => {
    const limit = 20
    await start({ rateLimitMax: limit, maxConnectionsPerAddress: 300 })
    const abuser = await apiOf('abuser')
    const wrong = new Api(server.url, 'nonsense')
    let isOver = false
    const abuse = flood(100_000, async (n) => {
      if (isOver) return 0
      return n % 3 === 0 ? (await wrong.poll()).status : send(abuser, { type: 'a' })
    })
    const shares = await Promise.all(
      Array.from({ length: 49 }, async (_, n) => {
        const api = await apiOf(`user${n}`)
        const token = await signed({ sub: `user${n}` })
        const socket = await SocketClient.connect(server.url, { token })
        let taken = 0
        for (let sent = 0; sent < limit; sent += 1) {
          const isTaken =
            sent % 2 === 0
              ? (await send(api, { type: 'a' })) === 201
              : (await socket.ask({ op: 'send', message: { type: 'a' } })).op === 'ok'
          if (isTaken) taken += 1
        }
        expect((await api.poll()).body.count).toBe(taken)
        return taken / limit
      }),
    )
    isOver = true
    const abused = await abuse
    print(`49 others behind an abuser's address had at least ${Math.min(...shares)} of theirs`)
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.95)
    expect(abused.get(201)).toBe(limit)
    expect(abused.get(429)).toBeGreaterThan(limit)
  })
})

describe('a polite client is never limited', () => {
  it('that long-polls at 500 messages a second, on every transport of the official client', async () => {
    await start(DEFAULTS)
    const token = await signed({ sub: 'ann' })
    const followers = await Promise.all(
      TRANSPORTS.map((name) => Follower.start({ baseUrl: server.url, transports: [name], token })),
    )
    const publishers = Array.from({ length: 10 }, () => new NumberedPublisher(server.server))
    const wanted = 1500
    for (const publisher of publishers) publisher.start()
    try {
      for (const each of followers) {
        await each.until('messages', () => each.messages.length >= wanted, 20_000)
      }
    } finally {
      await Promise.all(publishers.map((publisher) => publisher.stop()))
    }
    const count = publishers.reduce((sum, publisher) => sum + publisher.count, 0)
    for (const each of followers) {
      await each.until('all', () => each.messages.length === count)
      expect([each.errors, each.resyncs]).toEqual([[], []])
    }
    const ids = followers.map(({ messages }) => messages.map(({ id }) => id).join())
    expect(new Set(ids).size).toBe(1)
  })

  it('that connects a hundred times, by ticket and by token, and answers and sends heartbeats', async () => {
    await start({ ...DEFAULTS, heartbeatMs: 100 })
    const token = await signed({ sub: 'ann' })
    const api = new Api(server.url, token)
    const answers = await flood(100, async () => {
      const { status, body } = await api.request('POST', '/api/sync/ticket')
      if (status !== 201) return status
      const socket = await SocketClient.connect(server.url, { ticket: body.ticket })
      const stream = await StreamClient.open(server.url, { token })
      await socket.next('heartbeat')
      const pong = await socket.ask({ op: 'ping' })
      stream.close()
      await socket.close()
      return pong.op === 'ok' ? (stream.response.statusCode as number) : 0
    })
    expect([...answers]).toEqual([[200, 100]])
    expect(await send(api, { type: 'a' })).toBe(201)
  })

  it('that polls far more often than it may publish', async () => {
    await start(DEFAULTS)
    const ann = await apiOf('ann')
    const answers = await flood(1500, async () => (await ann.poll({ since: 'now' })).status)
    expect([...answers]).toEqual([[200, 1500]])
  })
})

describe('budgets', () => {
  it('are another one for users, admins and services, each by its setting', async () => {
    await start({ rateLimitMax: 3, rateLimitAdminMax: 5, rateLimitServiceMax: 7 })
    const takes = async (api: Api) => {
      let taken = 0
      while (taken < 20 && (await send(api)) === 201) taken += 1
      return taken
    }
    expect(await takes(await apiOf('ann'))).toBe(3)
    expect(await takes(await apiOf('root', 'admin'))).toBe(5)
    expect(await takes(new Api(server.url, SERVICE.secret))).toBe(7)
    expect(await takes(await apiOf(SERVICE.name))).toBe(0)
    expect(await send(await apiOf(SERVICE.name), { type: 'a' })).toBe(201)
  })

  it('are charged for each of the users that a broadcast names', async () => {
    await start({ rateLimitAdminMax: 250 })
    const root = await apiOf('root', 'admin')
    const userIds = Array.from({ length: 100 }, (_, n) => `user${n}`)
    const answers = []
    for (let n = 0; n < 4; n += 1)
      answers.push((await root.broadcast({ type: 'a', userIds })).status)
    expect(answers).toEqual([201, 201, 429, 429])
  })

  it('are none where they are 0', async () => {
    await start({ rateLimitMax: 0, rateLimitReadMax: 0 })
    const ann = await apiOf('ann')
    const answers = await flood(50, () => send(ann, { type: 'a' }))
    expect([...answers]).toEqual([[201, 50]])
    const wrong = new Api(server.url, 'nonsense')
    expect([...(await flood(50, async () => (await wrong.poll()).status))]).toEqual([[401, 50]])
  })

  it('for reading are their own: polls, streams and tickets, but no sends', async () => {
    await start({ rateLimitMax: 10, rateLimitReadMax: 5 })
    const ann = await apiOf('ann')
    const reads = ['poll', 'stream?topics=*', 'status', 'poll']
    for (const path of reads) await ann.request('GET', `/api/sync/${path}`)
    expect((await ann.request('POST', '/api/sync/ticket')).status).toBe(201)
    expectError(await ann.request('POST', '/api/sync/ticket'), 429, 'rate_limited')
    expectError(await ann.poll(), 429, 'rate_limited')
    expect(await send(ann)).toBe(201)
    expect((await (await apiOf('ben')).poll()).status).toBe(200)
  })

  it('say after a batch, a large message and one for many what these have cost', async () => {
    await start({ rateLimitMax: 30, rateLimitAdminMax: 30 })
    const left = ({ headers }: Answer) => /; r=(\d+);/.exec(headers.get('ratelimit') ?? '')?.[1]
    const ann = await apiOf('ann')
    const messages = Array.from({ length: 10 }, () => ({ type: 'a' }))
    expect(left(await ann.send({ messages }))).toBe('20')
    expect(left(await ann.send({ type: 'a', payload: 'x'.repeat(40_000) }))).toBe('17')
    const admin = await apiOf('root', 'admin')
    expect(left(await admin.broadcast({ type: 'a', userIds: ['a', 'b', 'c'] }))).toBe('27')
  })

  it('say in every answer what is left, and in a refusal when to come back, which is true', async () => {
    await start({ rateLimitMax: 2 })
    const ann = await apiOf('ann')
    const taken = await ann.send({ type: 'a' })
    expect(taken.headers.get('ratelimit-policy')).toMatch(/^"publishing"; q=2; w=900/)
    expect(taken.headers.get('ratelimit')).toMatch(/^"publishing"; r=1; t=\d+/)
    await ann.send({ type: 'a' })
    const refused = await ann.send({ type: 'a' })
    expectError(refused, 429, 'rate_limited')
    const seconds = Number(refused.headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(WINDOW_MS / 1000 - 60)
    expect(seconds).toBeLessThanOrEqual(WINDOW_MS / 1000)
    expect(refused.headers.get('ratelimit')).toBe(`"publishing"; r=0; t=${seconds}`)
    expect(refused.headers.get('ratelimit-policy')).toBe('"publishing"; q=2; w=900')
    clock.forward((seconds - 5) * 1000)
    expect(await send(ann)).toBe(429)
    clock.forward(5000)
    expect(await send(ann)).toBe(201)
  })

  it('begin anew when the window is over, in real time too', async () => {
    await start({ rateLimitMax: 1, rateLimitWindowMs: 1000 })
    const ann = await apiOf('ann')
    expect(await send(ann)).toBe(201)
    const refused = await ann.send({ type: 'a' })
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('1')
    await waitFor('the next window', async () => (await send(ann)) === 201)
  })
})
