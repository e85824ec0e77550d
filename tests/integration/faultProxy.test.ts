// The faulty network that the browser proofs use does what it says: each fault is seen on real
// connections to a real server.

import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { expectServed } from '../support/canary.js'
import { FaultProxy } from '../support/FaultProxy.js'
import { HELD_STREAM_BYTES } from '../support/faults.js'
import { httpRequest, UPGRADE_HEADERS } from '../support/httpRequest.js'
import { closeOpenClients } from '../support/openClients.js'
import { jsonFrame, RawSocket } from '../support/RawSocket.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { waitFor } from '../support/waitFor.js'

const HEARTBEAT_MS = 200
const SHORT_MS = 300

let server: TestServer
let proxy: FaultProxy

beforeEach(async () => {
  server = await startTestServer({ heartbeatMs: HEARTBEAT_MS })
  proxy = await FaultProxy.start(Number(new URL(server.url).port))
})

afterEach(async () => {
  await closeOpenClients()
  await proxy.close()
  await server.close()
})

const publish = (payload: unknown = {}) => server.server.publish({ type: 'a', payload })
const passed = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** An event stream as bytes, which come as soon as the network lets them. */
async function openRawStream(): Promise<RawSocket> {
  const raw = await RawSocket.open(proxy.url)
  raw.write('GET /api/sync/stream HTTP/1.1\r\nHost: localhost\r\n\r\n')
  return raw
}

it('passes everything while there is no fault, and counts the connections', async () => {
  await expectServed(proxy.url)
  expect(proxy.opened).toBe(5)
  await waitFor('all to be gone', () => proxy.size === 0)
})

it('swallowAfterUpgrade: answers the upgrade, then says nothing, and takes nothing in', async () => {
  proxy.fault = { kind: 'swallowAfterUpgrade' }
  const raw = await RawSocket.upgraded(proxy.url)
  raw.write(jsonFrame({ op: 'connect' }))
  const stream = await StreamClient.open(proxy.url)
  await stream.next('connected')
  await publish()
  await stream.next('message')
  expect(raw.frames).toEqual([])
  expect(server.server.stats()).toMatchObject({ connections: { total: 1 } })
  proxy.lift()
  await SocketClient.connect(proxy.url)
  expect(raw.frames).toEqual([])
  await raw.close()
})

it('blocksWebSocket: 400 to an upgrade, while the rest passes', async () => {
  proxy.fault = { kind: 'blocksWebSocket' }
  const answer = await httpRequest(`${proxy.url}/ws`, { headers: UPGRADE_HEADERS })
  expect(answer.status).toBe(400)
  expect((await new Api(proxy.url).poll()).status).toBe(200)
})

it('resets: every connection after 1–5 s, also one that was there before', async () => {
  const socket = await SocketClient.connect(proxy.url)
  const startedAt = performance.now()
  proxy.fault = { kind: 'resets' }
  const stream = await StreamClient.open(proxy.url)
  for (const end of [socket.closed, stream.ended]) {
    await end
    const afterMs = performance.now() - startedAt
    expect(afterMs).toBeGreaterThan(990)
    expect(afterMs).toBeLessThan(6000)
  }
  expect((await socket.closed).code).toBe(1006)
  const spared = await SocketClient.connect(proxy.url)
  proxy.lift()
  await passed(5100)
  expect(await spared.ask({ op: 'ping' })).toMatchObject({ op: 'ok' })
})

it('slices: each byte alone, both ways, and all of them', async () => {
  proxy.fault = { kind: 'slices' }
  const raw = await RawSocket.open(proxy.url)
  const sizes: number[] = []
  raw.socket.on('data', ({ length }) => sizes.push(length))
  raw.write('GET /api/sync/status HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await waitFor('the answer', () => raw.text.includes('"success":true'))
  // The reader may join a few that came while it was busy.
  expect(sizes.length).toBeGreaterThan(raw.text.length / 40)
  await raw.close()

  const socket = await SocketClient.connect(proxy.url)
  const stream = await StreamClient.open(proxy.url)
  await stream.next('connected')
  for (let n = 0; n < 150; n += 1) await publish({ n, text: 'x'.repeat(100) })
  await waitFor('all', () => socket.messages.length === 150 && stream.messages.length === 150)
  const numbers = Array.from({ length: 150 }, (_, n) => n)
  expect(socket.messages.map(({ payload }) => payload.n)).toEqual(numbers)
  expect(stream.messages.map(({ payload }) => payload.n)).toEqual(numbers)
})

it('holdsFirstStreamBytes: no byte of a stream before 64 kB, then all, and no WebSocket', async () => {
  proxy.fault = { kind: 'holdsFirstStreamBytes' }
  const answer = await httpRequest(`${proxy.url}/ws`, { headers: UPGRADE_HEADERS })
  expect(answer.status).toBe(400)
  const raw = await openRawStream()
  await waitFor('it to be served', () => {
    const { connections } = server.server.stats() as { connections: { total: number } }
    return connections.total === 1
  })
  for (let n = 0; n < 10; n += 1) await publish('x'.repeat(5000))
  expect((await new Api(proxy.url).poll({ since: '0' })).body.count).toBe(10)
  await passed(SHORT_MS)
  expect(raw.text).toBe('')
  for (let n = 0; n < 4; n += 1) await publish('x'.repeat(5000))
  await waitFor('what was held', () => raw.text.length > HELD_STREAM_BYTES)
  expect(raw.text).toMatch(/^HTTP\/1\.1 200 /)
  const live = await publish()
  await waitFor('what comes then', () => raw.text.includes(live.messageId))
  await raw.close()
})

describe('blackhole', () => {
  it('freezes what is open until it is lifted, and loses nothing of it', async () => {
    const socket = await SocketClient.connect(proxy.url)
    const early = await publish()
    await socket.next('message')
    proxy.fault = { kind: 'blackhole' }
    const late = await publish()
    socket.send({ op: 'ping', ref: 'lost?' })
    await passed(SHORT_MS)
    const ids = () => socket.messages.map(({ id }) => id)
    expect(ids()).toEqual([early.messageId])
    proxy.lift()
    await socket.frames.next('the answer', ({ ref }) => ref === 'lost?')
    expect(ids()).toEqual([early.messageId, late.messageId])
  })

  it('takes new connections and answers nothing, until it is lifted', async () => {
    proxy.fault = { kind: 'blackhole' }
    const raw = await openRawStream()
    await passed(SHORT_MS)
    expect(raw.text).toBe('')
    proxy.lift()
    await waitFor('the answer', () => raw.text.includes('event: connected'))
    await raw.close()
  })

  it('hides from each side that the other has gone', async () => {
    const served = () => server.server.stats() as { connections: { total: number } }
    const stream = await StreamClient.open(proxy.url)
    await stream.next('connected')
    const socket = await SocketClient.connect(proxy.url)
    proxy.fault = { kind: 'blackhole' }
    stream.close()
    await waitFor('the mute socket to be cut', () => served().connections.total === 1)
    await passed(SHORT_MS)
    expect(socket.socket.readyState).toBe(socket.socket.OPEN)
    expect(served().connections.total).toBe(1)
    proxy.lift()
    await socket.closed
    await waitFor('the end of the stream to be seen', () => served().connections.total === 0)
  })
})

it('refuse: ends new connections at once and leaves the others', async () => {
  const socket = await SocketClient.connect(proxy.url)
  proxy.fault = { kind: 'refuse' }
  await expect(new Api(proxy.url).poll()).rejects.toThrow()
  await publish()
  await socket.next('message')
  proxy.lift()
  await expectServed(proxy.url)
})

it('ends every connection when it is closed, frozen ones among them', async () => {
  const socket = await SocketClient.connect(proxy.url)
  const idle = connect(proxy.port, '127.0.0.1')
  const gone = new Promise((resolve) => idle.on('close', resolve))
  await waitFor('both', () => proxy.size === 2)
  proxy.fault = { kind: 'blackhole' }
  await proxy.close()
  await socket.closed
  await gone
  expect(proxy.size).toBe(0)
  proxy = await FaultProxy.start(1)
})
