// A token that runs out ends what it opened, on every transport, and opens nothing more.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { Api } from '../../support/Api.js'
import { allDoors, knock } from '../../support/doors.js'
import { EXPIRED, LiveReaders } from '../../support/LiveReaders.js'
import { closeOpenClients } from '../../support/openClients.js'
import { RawSocket } from '../../support/RawSocket.js'
import { SocketClient } from '../../support/SocketClient.js'
import { HOUR_MS, SECRET, signed } from '../../support/signedTokens.js'
import { TestClock } from '../../support/TestClock.js'
import { startTestServer, type TestServer } from '../../support/testServer.js'
import { waitFor } from '../../support/waitFor.js'

describe('a token of two seconds', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer({ authJwtSecret: SECRET })
  })
  afterAll(async () => {
    await closeOpenClients()
    await server.close()
  })

  it('ends its socket, stream and held poll within five seconds after it', async () => {
    const nowMs = Date.now()
    const token = await signed({ sub: 'ann', roles: ['admin'] }, { nowMs, ttlMs: 2500 })
    const { exp } = JSON.parse(String(Buffer.from(token.split('.')[1]!, 'base64url')))
    const readers = await LiveReaders.open(server, token)
    const other = await LiveReaders.open(server, await signed({ sub: 'ben' }))
    expect(await readers.ends()).toEqual(EXPIRED)
    const lateMs = Date.now() - exp * 1000
    expect(lateMs).toBeGreaterThanOrEqual(0)
    expect(lateMs).toBeLessThan(5000)
    expect(await knock(server.url, token)).toEqual(allDoors(401, 4401))
    expect(await other.areServed()).toBe(true)
  })
})

describe('when a token has expired', () => {
  const PLACES = 3
  const COUNT = 500
  let clock: TestClock
  let server: TestServer
  let token: string
  beforeEach(async () => {
    clock = new TestClock()
    server = await startTestServer({
      authJwtSecret: SECRET,
      maxConnections: PLACES,
      // What is published is kept over the hour.
      wallNow: clock.clocks.wallNow,
    })
    token = await signed({ sub: 'ann' }, { ttlMs: HOUR_MS })
  })
  afterEach(async () => {
    await closeOpenClients()
    await server.close()
  })

  const open = () => (server.server.stats() as { connections: { total: number } }).connections.total

  it('nothing is sent any more to what it opened', async () => {
    const { socket, stream } = await LiveReaders.open(server, token)
    clock.forward(HOUR_MS)
    await waitFor('the end', () => open() === 0)
    await server.server.publish({ type: 'a', userId: 'ann' })
    await socket.closed
    await stream.ended
    expect([socket.messages, stream.messages]).toEqual([[], []])
  })

  it('a send whose body ends after that is 401 and publishes nothing', async () => {
    const raw = await RawSocket.open(server.url)
    const body = '{"type":"late"}'
    raw.write(
      `POST /api/sync/send HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
    )
    raw.write(body.slice(0, 5))
    // Another request on the way in shows that this one's head was read.
    expect((await new Api(server.url, token).poll()).status).toBe(200)
    clock.forward(HOUR_MS)
    raw.write(body.slice(5))
    await waitFor('an answer', () => raw.text !== '')
    expect(raw.text).toMatch(/^HTTP\/1\.1 401 /)
    const later = await signed({ sub: 'ann' }, { nowMs: clock.nowMs })
    expect((await new Api(server.url, later).poll()).body.count).toBe(0)
  })

  it('a socket that is not closed yet can not send by it', async () => {
    const socket = await SocketClient.connect(server.url, { token })
    clock.forward(HOUR_MS)
    const answer = await socket.ask({ op: 'send', message: { type: 'late' } })
    expect(answer).toMatchObject({ op: 'error', code: 'unauthorized' })
    expect((await socket.closed).code).toBe(4401)
    expect((server.server.stats() as { published: number }).published).toBe(0)
  })

  /** Waits until nothing more is handed out. */
  const areFull = async () => {
    let before: number
    const delivered = () => (server.server.stats() as { delivered: number }).delivered
    await waitFor('nobody to take more', async () => {
      before = delivered()
      await new Promise((resolve) => setTimeout(resolve, 50))
      return before > 0 && before === delivered()
    })
    expect(delivered()).toBeLessThan(2 * COUNT)
  }

  /** Whether a socket got a place; it stays. */
  const isIn = async (by: string) => {
    const socket = new SocketClient(server.url)
    await socket.opened()
    socket.send({ op: 'connect', token: by })
    const isClosed = () => socket.socket.readyState === socket.socket.CLOSED
    await waitFor('an answer', () => socket.frames.all.length > 0 || isClosed())
    return socket.frames.all[0]?.op === 'connected'
  }

  it('clients that take nothing are cut off, and give their places back', async () => {
    const payload = 'x'.repeat(60_000)
    for (let n = 0; n < COUNT; n += 1)
      await server.server.publish({ type: 'a', payload, userId: 'ann' })
    const socket = new SocketClient(server.url)
    await socket.opened()
    socket.send({ op: 'connect', token, since: 0 })
    socket.socket.pause()
    const stream = await RawSocket.open(server.url)
    stream.freeze()
    stream.write(
      `GET /api/sync/stream?since=0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    )
    await waitFor('both', () => open() === 2)
    await areFull()
    clock.forward(HOUR_MS)
    const fresh = await signed({ sub: 'ann' }, { nowMs: clock.nowMs })
    for (let place = 0; place < PLACES; place += 1) await waitFor('a place', () => isIn(fresh))
    socket.socket.resume()
    socket.socket.on('message', () => {})
    await socket.closed
    expect(socket.messages.length).toBeLessThan(COUNT)
    await stream.close()
  })
})
