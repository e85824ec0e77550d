// Life signs: every connection hears something within each interval, with its own position, and
// who doesn't answer is cut off.

import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { WebSocket } from 'ws'
import { Api } from '../support/Api.js'
import { jsonFrame, OPCODE, RawSocket } from '../support/RawSocket.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { waitFor } from '../support/waitFor.js'

const HEARTBEAT_MS = 200

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({ heartbeatMs: HEARTBEAT_MS })
})
afterAll(() => server.close())

it('come on WebSocket and SSE, as often as "connected" says', async () => {
  const socket = await SocketClient.connect(server.url)
  const stream = await StreamClient.open(server.url)
  expect(socket.connected.heartbeat).toBe(HEARTBEAT_MS)
  expect((await stream.next('connected')).data.heartbeat).toBe(HEARTBEAT_MS)
  const startedAt = Date.now()
  for (let beat = 0; beat < 5; beat += 1) {
    await Promise.all([socket.next('heartbeat'), stream.next('heartbeat')])
  }
  // Time to spare for a machine that is busy; without heartbeats there would be none at all.
  expect(Date.now() - startedAt).toBeLessThan(5 * HEARTBEAT_MS + 1000)
  expect(socket.frames.all.filter(({ op }) => op === 'heartbeat').length).toBeLessThan(20)
  await socket.close()
  stream.close()
})

it('carry the position of the connection, which moves with what was for others, too', async () => {
  const ann = await SocketClient.connect(server.url, { token: 'dev:ann' })
  const stream = await StreamClient.open(server.url, { token: 'dev:ben' })
  await stream.next('connected')
  const { cursor } = (await new Api(server.url, 'dev:carl').send({ type: 'a' })).body
  await ann.frames.next('its position', (frame) => frame.cursor === cursor)
  const beat = await stream.events.next('its position', (event) => event.data?.cursor === cursor)
  expect(beat).toMatchObject({ event: 'heartbeat', id: cursor })
  for (const token of ['dev:ann', 'dev:ben']) {
    const resumed = (await new Api(server.url, token).poll({ since: cursor })).body
    expect(resumed).toMatchObject({ count: 0, resync: false, cursor })
  }
  await ann.close()
  stream.close()
})

it('never name a place behind which a message is still to come', async () => {
  const socket = await SocketClient.connect(server.url, { token: 'dev:eve' })
  const api = new Api(server.url, 'dev:eve')
  for (let round = 0; round < 5; round += 1) {
    for (let sent = 0; sent < 20; sent += 1) await api.send({ type: 'a' })
    await socket.next('heartbeat')
  }
  await waitFor('all messages', () => socket.messages.length >= 100)
  let position = ''
  for (const frame of socket.frames.all) {
    if (frame.op === 'heartbeat') position = frame.cursor
    if (frame.op === 'message') expect(isAfter(frame.message.cursor, position)).toBe(true)
  }
  expect(socket.messages).toHaveLength(100)
  await socket.close()
})

it('are stopped with 4413 for a socket that reads, and leaves two pings unanswered', async () => {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`, { autoPong: false })
  let pings = 0
  socket.on('ping', () => {
    pings += 1
  })
  socket.on('open', () => socket.send('{"op":"connect"}'))
  const code = await new Promise((resolve) => socket.on('close', resolve))
  expect(code).toBe(4413)
  expect(pings).toBe(2)
})

it('cut off a peer that is frozen', async () => {
  const raw = await RawSocket.connected(server.url, { token: 'dev:frozen' })
  raw.freeze()
  const connections = () =>
    (server.server.stats() as { connections: { total: number } }).connections
  await waitFor('it to be gone', () => connections().total === 0)
  await raw.close()
})

it('keep a socket that answers its pings, and one that only sends commands', async () => {
  const answering = await SocketClient.connect(server.url)
  const commanding = await RawSocket.connected(server.url)
  const pings = () => commanding.frames.filter(({ opcode }) => opcode === OPCODE.ping).length
  await waitFor('more pings than may stay unanswered', () => {
    commanding.write(jsonFrame({ op: 'ping', ref: 1 }))
    return pings() > 4
  })
  expect(commanding.closeCode).toBeUndefined()
  expect(await answering.ask({ op: 'ping' })).toMatchObject({ op: 'ok' })
  await answering.close()
  await commanding.close()
})

function isAfter(cursor: string, other: string): boolean {
  const [ms = 0, counter = 0] = cursor.split(/[-.]/).map(Number)
  const [otherMs = 0, otherCounter = 0] = other.split(/[-.]/).map(Number)
  return ms > otherMs || (ms === otherMs && counter > otherCounter)
}

it('let a stream be that is read slowly, but steadily, for many intervals', async () => {
  // Loopback lets go of megabytes at a time, so an interval must be long enough to see some go.
  const patient = await startTestServer({ heartbeatMs: 1000 })
  const count = 400
  for (let sent = 0; sent < count; sent += 1) {
    await patient.server.publish({ type: 'a', payload: 'x'.repeat(60_000), userId: 'slow' })
  }
  const stream = await StreamClient.open(patient.url, { token: 'dev:slow', query: { since: '0' } })
  stream.response.on('data', () => {
    stream.response.pause()
    setTimeout(() => stream.response.resume(), 8)
  })
  try {
    await waitFor('all of its history', () => stream.messages.length === count, 25_000)
  } finally {
    stream.close()
    await patient.close()
  }
})
