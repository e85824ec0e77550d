// Frames of one socket, and connections of one user, one address and in all: beyond the cap each
// door says so, and a header gains nothing.

import { afterEach, describe, expect, it } from '@jest/globals'
import type { SyncServerOptions } from '../../server/createSyncServer.js'
import { Api } from '../support/Api.js'
import { expectError } from '../support/expectError.js'
import { expectFair } from '../support/flood.js'
import { closeOpenClients, noteOpen } from '../support/openClients.js'
import { clientFrame, OPCODE, RawSocket } from '../support/RawSocket.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { SECRET, signed } from '../support/signedTokens.js'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { waitFor } from '../support/waitFor.js'

let server: TestServer
async function start(options: SyncServerOptions): Promise<void> {
  server = await startTestServer({ authJwtSecret: SECRET, ...options })
}
afterEach(async () => {
  await closeOpenClients()
  await server.close()
})

describe('frames', () => {
  const PER_WINDOW = 100
  const perSecond = { maxFramesPerSecond: PER_WINDOW / 10 }
  const connect = async (sub: string) =>
    SocketClient.connect(server.url, { token: await signed({ sub }) })

  it('beyond what a socket may send end it with 4429, and leave the others', async () => {
    await start(perSecond)
    const [ann, other] = [await connect('ann'), await connect('ann')]
    for (let n = 0; n < 2 * PER_WINDOW; n += 1) ann.send({ op: 'ping', ref: n })
    expect((await ann.closed).code).toBe(4429)
    const answered = ann.frames.all.filter(({ op }) => op === 'ok').length
    expectFair('frames', answered, PER_WINDOW)
    expect(await other.ask({ op: 'ping' })).toMatchObject({ op: 'ok' })
  })

  it('are counted whatever they are: pings and pongs of the protocol, sends, errors, subscriptions', async () => {
    await start(perSecond)
    const token = await signed({ sub: 'ann' })
    const text = (frame: object) => clientFrame(OPCODE.text, JSON.stringify(frame))
    for (const frame of [
      clientFrame(OPCODE.ping),
      clientFrame(OPCODE.pong),
      text({ op: 'unknown' }),
      text({ op: 'send', message: { type: 'a' } }),
      text({ op: 'subscribe', topics: ['public:t'] }),
    ]) {
      const raw = await RawSocket.connected(server.url, { token })
      for (let n = 0; n < PER_WINDOW - 1; n += 1) raw.write(frame)
      raw.write(text({ op: 'ping', ref: 'last' }))
      await waitFor('the end', () => raw.closeCode !== undefined)
      expect(raw.closeCode).toBe(4429)
      await raw.close()
    }
  })

  it('that are too many before the first answer end the socket, too', async () => {
    await start(perSecond)
    const raw = await RawSocket.upgraded(server.url)
    for (let n = 0; n < 2 * PER_WINDOW; n += 1) raw.write(clientFrame(OPCODE.ping))
    await waitFor('the end', () => raw.closeCode !== undefined)
    expect(raw.closeCode).toBe(4429)
    await raw.close()
  })

  it('that ask again and again for what is used up end the socket soon', async () => {
    await start({ maxFramesPerSecond: 200, rateLimitMax: 1 })
    const ann = await connect('ann')
    const sends = 300
    for (let n = 0; n < sends; n += 1) ann.send({ op: 'send', message: { type: 'a' }, ref: n })
    expect((await ann.closed).code).toBe(4429)
    expect(ann.frames.all.filter(({ op }) => op === 'error').length).toBeLessThan(sends / 2)
  })
})

/** Takes a place for this user from there, on one transport: 200 where it got one. */
type Take = (sub: string, forwardedFor: string) => Promise<number>

const takes: Record<string, Take> = {
  async WebSocket(sub, forwardedFor) {
    const headers = { 'X-Forwarded-For': forwardedFor }
    const socket = new SocketClient(server.url, { headers })
    await socket.opened()
    socket.send({ op: 'connect', token: await signed({ sub }) })
    let code: number | undefined
    void socket.closed.then((end) => {
      code = end.code
    })
    const isIn = () => socket.frames.all.some(({ op }) => op === 'connected')
    return waitFor('an answer', () => code ?? (isIn() ? 200 : undefined))
  },

  async SSE(sub, forwardedFor) {
    const headers = { 'X-Forwarded-For': forwardedFor }
    const stream = await StreamClient.open(server.url, { token: await signed({ sub }), headers })
    return stream.response.statusCode as number
  },

  async 'long-poll'(sub, forwardedFor) {
    const api = new Api(server.url, await signed({ sub }))
    const headers = { 'X-Forwarded-For': forwardedFor }
    const leaving = new AbortController()
    noteOpen(() => leaving.abort())
    const { signal } = leaving
    let status: number | undefined
    const held = () =>
      (server.server.stats() as { connections: { longPoll: number } }).connections.longPoll
    const before = held()
    api
      .request('GET', '/api/sync/poll?since=now&wait=25', { headers, signal })
      .then((answer) => {
        if (answer.status !== 200) expectError(answer, 503, 'unavailable')
        status = answer.status
      })
      .catch(() => {})
    return waitFor('an answer', () => status ?? (held() > before ? 200 : undefined))
  },
}

describe.each(Object.entries(takes))('connections over %s behind a proxy', (name, take) => {
  const full = name === 'WebSocket' ? 1013 : 503

  it('are capped for each address, whatever else a header names before it', async () => {
    await start({ trustProxy: 1, maxConnectionsPerAddress: 2 })
    expect(await take('ann', '203.0.113.9')).toBe(200)
    expect(await take('ben', '10.0.0.1, 203.0.113.9')).toBe(200)
    for (const from of ['203.0.113.9', '192.0.2.1, 203.0.113.9', '::ffff:203.0.113.9']) {
      expect(await take('cat', from)).toBe(full)
    }
    expect(await take('cat', '203.0.113.10')).toBe(200)
  })

  it('are capped for each IPv6 prefix', async () => {
    await start({ trustProxy: 1, maxConnectionsPerAddress: 2 })
    expect(await take('ann', '2001:db8:0:100::1')).toBe(200)
    expect(await take('ben', '2001:db8:0:1ff:ffff::9')).toBe(200)
    expect(await take('cat', '2001:db8:0:180::2')).toBe(full)
    expect(await take('cat', '2001:db8:0:200::1')).toBe(200)
  })

  it('are capped for each user, from wherever they come', async () => {
    await start({ trustProxy: 1, maxConnectionsPerUser: 2 })
    expect(await take('ann', '203.0.113.1')).toBe(200)
    expect(await take('ann', '203.0.113.2')).toBe(200)
    expect(await take('ann', '203.0.113.3')).toBe(full)
    expect(await take('ben', '203.0.113.3')).toBe(200)
  })

  it('are capped in all', async () => {
    await start({ trustProxy: 1, maxConnections: 2 })
    expect(await take('ann', '203.0.113.1')).toBe(200)
    expect(await take('ben', '203.0.113.2')).toBe(200)
    expect(await take('cat', '203.0.113.3')).toBe(full)
  })

  it('are all of one address where no proxy is trusted', async () => {
    await start({ maxConnectionsPerAddress: 2 })
    expect(await take('ann', '203.0.113.1')).toBe(200)
    expect(await take('ben', '203.0.113.2')).toBe(200)
    expect(await take('cat', '203.0.113.3')).toBe(full)
  })
})
