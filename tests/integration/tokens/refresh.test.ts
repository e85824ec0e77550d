// `refresh` on a live socket: it goes on over the expiry of its first token, and what the new one
// does not grant stops at once, wherever in its reading the connection is.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { closeOpenClients } from '../../support/openClients.js'
import { SocketClient } from '../../support/SocketClient.js'
import { HOUR_MS, SECRET, signed } from '../../support/signedTokens.js'
import { TestClock } from '../../support/TestClock.js'
import { startTestServer, type TestServer } from '../../support/testServer.js'

let clock: TestClock
let server: TestServer
beforeEach(async () => {
  clock = new TestClock()
  server = await startTestServer({ authJwtSecret: SECRET, ...clock.clocks })
})
afterEach(async () => {
  await closeOpenClients()
  await server.close()
})

const publish = (payload: unknown, audience: object) =>
  server.server.publish({ type: 'a', payload, ...audience })

const heard = (socket: SocketClient) => socket.messages.map(({ payload }) => payload)

/** All that came before this message of the user's own. */
async function heardUntil(socket: SocketClient, last: string): Promise<unknown[]> {
  await publish(last, { userId: 'ann' })
  await socket.frames.next(last, ({ op, message }) => op === 'message' && message.payload === last)
  return heard(socket)
}

describe('a socket that refreshes', () => {
  it('stays over the expiry of the token that it came with', async () => {
    const first = await signed({ sub: 'ann' }, { ttlMs: 60_000 })
    const socket = await SocketClient.connect(server.url, { token: first })
    const silent = await SocketClient.connect(server.url, { token: first })
    const fresh = await signed({ sub: 'ann' })
    expect(await socket.ask({ op: 'refresh', token: fresh })).toMatchObject({ op: 'ok' })
    clock.forward(90_000)
    expect((await silent.closed).code).toBe(4401)
    expect(await heardUntil(socket, 'after')).toEqual(['after'])
    clock.forward(HOUR_MS)
    expect((await socket.closed).code).toBe(4401)
  })

  it('expires earlier where its new token does', async () => {
    const socket = await SocketClient.connect(server.url, { token: await signed({ sub: 'ann' }) })
    const short = await signed({ sub: 'ann' }, { ttlMs: 60_000 })
    expect(await socket.ask({ op: 'refresh', token: short })).toMatchObject({ op: 'ok' })
    clock.forward(61_000)
    expect((await socket.closed).code).toBe(4401)
  })

  it('hears nothing more of the roles and topics that it lost, and of new ones from then on', async () => {
    const token = await signed({ sub: 'ann', roles: ['boss', 'staff'], topics: ['t.*'] })
    const socket = await SocketClient.connect(server.url, { token, topics: ['t.1', 't.2'] })
    const speak = async (when: string) => {
      for (const role of ['boss', 'staff', 'guest'])
        await publish(`${role} ${when}`, { roles: [role] })
      for (const topic of ['t.1', 't.2']) await publish(`${topic} ${when}`, { topics: [topic] })
    }
    await speak('before')
    const fewer = await signed({ sub: 'ann', roles: ['staff', 'guest'], topics: ['t.1'] })
    const answer = await socket.ask({ op: 'refresh', token: fewer })
    expect(answer).toMatchObject({ op: 'ok', dropped: ['t.2'] })
    await speak('after')
    expect(await heardUntil(socket, 'end')).toEqual([
      ...['boss before', 'staff before', 't.1 before', 't.2 before'],
      ...['staff after', 'guest after', 't.1 after', 'end'],
    ])
    const denied = await socket.ask({ op: 'subscribe', topics: ['t.2'], since: 0 })
    expect(denied).toMatchObject({ op: 'error', code: 'forbidden' })
  })

  it('may publish what the new token grants, and no more what only the old one did', async () => {
    const grants = (topic: string) => signed({ sub: 'ann', topics: { publish: [topic] } })
    const socket = await SocketClient.connect(server.url, { token: await grants('old') })
    const send = (topic: string) =>
      socket.ask({ op: 'send', message: { type: 'a', topics: [topic] } })
    expect(await send('old')).toMatchObject({ op: 'ok' })
    await socket.ask({ op: 'refresh', token: await grants('new') })
    expect(await send('new')).toMatchObject({ op: 'ok' })
    expect(await send('old')).toMatchObject({ op: 'error', code: 'forbidden' })
  })
})

describe('rights that are lost in the middle of a long history', () => {
  const COUNT = 900
  const payload = 'x'.repeat(30_000)
  const isLarge = ({ op, message }: { op: string; message?: { payload: string } }) =>
    op === 'message' && message?.payload === payload

  /** What came of it, and what of that after the refresh was answered. */
  const afterRefresh = async (socket: SocketClient) => {
    await socket.next('ok')
    await heardUntil(socket, 'end')
    const frames = socket.frames.all
    const answered = frames.findIndex(({ ref }) => ref === 'refresh')
    return {
      all: frames.filter(isLarge).length,
      after: frames.slice(answered).filter(isLarge).length,
    }
  }

  it.each([
    ['role', { roles: ['boss'] }, { roles: ['boss'] }],
    ['topic', { topics: ['t'] }, { topics: ['t'] }],
  ])(
    'end it at once for a reader that was blocked in its replay: a %s',
    async (_what, claims, audience) => {
      for (let n = 0; n < COUNT; n += 1) await publish(payload, audience)
      const socket = new SocketClient(server.url)
      await socket.opened()
      const token = await signed({ sub: 'ann', ...claims })
      socket.send({ op: 'connect', token, topics: ['t'], since: 0 })
      await socket.next('connected')
      socket.socket.pause()
      socket.send({ op: 'refresh', token: await signed({ sub: 'ann' }), ref: 'refresh' })
      // Whatever the kernel holds is full by then, or all of it was taken, which fails below.
      expect(await served()).toBe(true)
      socket.socket.resume()
      const { all, after } = await afterRefresh(socket)
      expect(after).toBe(0)
      expect(all).toBeLessThan(COUNT)
    },
  )

  it('end a catch-up that is under way', async () => {
    for (let n = 0; n < COUNT; n += 1) await publish(payload, { topics: ['t'] })
    const token = await signed({ sub: 'ann', topics: ['t'] })
    const socket = await SocketClient.connect(server.url, { token })
    const fewer = await signed({ sub: 'ann' })
    socket.send({ op: 'subscribe', topics: ['t'], since: 0, ref: 'subscribe' })
    socket.send({ op: 'refresh', token: fewer, ref: 'refresh' })
    const { all, after } = await afterRefresh(socket)
    expect(after).toBe(0)
    expect(all).toBeLessThan(COUNT)
    const { connections } = server.server.stats() as { connections: { total: number } }
    expect(connections.total).toBe(1)
  })

  /** Another user's whole round trip, so that the server has had its turns. */
  const served = async () => {
    const other = await SocketClient.connect(server.url, { token: await signed({ sub: 'ben' }) })
    return (await other.ask({ op: 'ping' })).op === 'ok'
  }
})

describe('a refresh that is refused', () => {
  const refreshed = async (token: string) => {
    const socket = await SocketClient.connect(server.url, { token: await signed({ sub: 'ann' }) })
    const other = await SocketClient.connect(server.url, { token: await signed({ sub: 'ann' }) })
    socket.send({ op: 'refresh', token, ref: 7 })
    const { code } = await socket.closed
    const { ref, code: error } = socket.frames.all.find(({ op }) => op === 'error')
    expect(await other.ask({ op: 'ping' })).toMatchObject({ op: 'ok' })
    return { code, ref, error }
  }
  const hourAgo = () => ({ nowMs: Date.now() - 2 * HOUR_MS, ttlMs: HOUR_MS })

  it.each<[string, () => Promise<string>, object]>([
    ['is of another user', () => signed({ sub: 'ben' }), { code: 4501, error: 'unauthorized' }],
    ['has expired', () => signed({ sub: 'ann' }, hourAgo()), { code: 4401, error: 'unauthorized' }],
    [
      'is a service',
      () => signed({ sub: 'ann', roles: ['service'] }),
      { code: 4503, error: 'forbidden' },
    ],
    ['is none', async () => 'nonsense', { code: 4501, error: 'unauthorized' }],
    ['is the open mode’s', async () => 'dev:ann', { code: 4501, error: 'unauthorized' }],
  ])('ends that socket alone, where its token %s', async (_what, make, expected) => {
    expect(await refreshed(await make())).toEqual({ ref: 7, ...expected })
  })

  it('for a token that expired within the tolerance of clocks is 4401 as well', async () => {
    const token = await signed({ sub: 'ann' }, { ttlMs: 60_000 })
    const socket = await SocketClient.connect(server.url, { token: await signed({ sub: 'ann' }) })
    clock.forward(62_000)
    socket.send({ op: 'refresh', token })
    expect((await socket.closed).code).toBe(4401)
  })
})
