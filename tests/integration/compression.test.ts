// With compression on: the same messages in the same order, for those who take it and those who
// don't, in fewer bytes where it pays.

import { constants, inflateRawSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { startCli } from '../support/cliProcess.js'
import { Follower } from '../support/Follower.js'
import { startNginx } from '../support/nginx.js'
import { closeOpenClients } from '../support/openClients.js'
import { OPCODE, RawSocket } from '../support/RawSocket.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { startServerProcess } from '../support/serverProcess.js'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { waitFor } from '../support/waitFor.js'

/** Enough that a frame of 4 KiB is worth it. */
const MANY = 100
const OFFER = { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' }
const DEFLATED = 4
/** What a receiver puts behind a message (RFC 7692, section 7.2.2). */
const SYNC_TAIL = Buffer.from([0, 0, 0xff, 0xff])
const LARGE = 'order 7 '.repeat(500)

let server: TestServer
async function start(options: object = {}): Promise<void> {
  server = await startTestServer({ compression: true, ...options })
}
async function end(): Promise<void> {
  await closeOpenClients()
  await server.close()
}

const crowd = (url: string, connect: object = {}): Promise<SocketClient[]> =>
  Promise.all(Array.from({ length: MANY }, () => SocketClient.connect(url, connect)))

const savedBytes = () => (server.server.stats() as { savedBytes: number }).savedBytes

/** The reserved bits of the messages that came, pings and heartbeats passed over. */
const bitsOf = (raw: RawSocket): number[] =>
  raw.frames
    .filter(({ opcode }) => opcode === OPCODE.text)
    .map(({ reserved, payload }) => [reserved, textOf(reserved, payload)] as const)
    .filter(([, text]) => text.startsWith('{"op":"message"'))
    .map(([reserved]) => reserved)

function textOf(reserved: number, payload: Buffer): string {
  if (reserved !== DEFLATED) return payload.toString()
  const { Z_SYNC_FLUSH: finishFlush } = constants
  return inflateRawSync(Buffer.concat([payload, SYNC_TAIL]), { finishFlush }).toString()
}

/** Waits for so many messages, and says which were deflated. */
async function isDeflated(raw: RawSocket, count: number): Promise<boolean[]> {
  await waitFor(`${count} messages`, () => bitsOf(raw).length === count)
  return bitsOf(raw).map((bits) => bits === DEFLATED)
}

/** Small and large ones, as they are published in one request and so go out in one turn. */
const mixed = Array.from({ length: 12 }, (_, n) => ({
  type: 'mixed',
  payload: { n, text: n % 3 === 0 ? 'x' : LARGE },
  topics: ['t'],
}))

describe('a message to many', () => {
  let readers: SocketClient[]
  beforeAll(async () => {
    await start()
    readers = await crowd(server.url, { topics: ['t'] })
  })
  afterAll(end)

  it('is the same for all, compressed or not, and in the same order', async () => {
    const { url } = server
    const plain = await SocketClient.connect(url, { topics: ['t'] }, { perMessageDeflate: false })
    const stream = await StreamClient.open(url, { query: { topics: 't' } })
    await stream.next('connected')
    const api = new Api(url)
    await api.send({ messages: mixed })
    const expected = (await api.poll({ topics: 't' })).body.messages
    expect(expected).toMatchObject(mixed)
    const sockets = [...readers, plain]
    await waitFor('all to have all', () =>
      sockets.every(({ messages }) => messages.length === mixed.length),
    )
    for (const { messages } of sockets) expect(messages).toEqual(expected)
    const streamed = () => stream.events.all.filter(({ event }) => event === 'message')
    await waitFor('the stream to have all', () => streamed().length === mixed.length)
    expect(stream.response.headers['content-encoding']).toBeUndefined()
    expect(streamed().map(({ data }) => data)).toEqual(expected)
    // Eight of them are large.
    expect(savedBytes()).toBeGreaterThan(MANY * 8 * 0.8 * LARGE.length)
  })

  it('is compressed for those who take it, if it is large', async () => {
    const taking = await RawSocket.connected(server.url, {}, OFFER)
    const other = await RawSocket.connected(server.url)
    expect(taking.text).toMatch(/sec-websocket-extensions: permessage-deflate; .*takeover/i)
    expect(other.text).not.toMatch(/sec-websocket-extensions/i)
    for (const payload of [LARGE, 'small', LARGE]) {
      await server.server.publish({ type: 'a', payload })
    }
    expect(await isDeflated(taking, 3)).toEqual([true, false, true])
    expect(await isDeflated(other, 3)).toEqual([false, false, false])
    await Promise.all([taking.close(), other.close()])
  })

  it('is not compressed for a few among many, nor for one who catches up', async () => {
    const raw = await RawSocket.connected(server.url, { topics: ['few'] }, OFFER)
    await server.server.publish({ type: 'a', payload: LARGE, topics: ['few'] })
    await server.server.publish({ type: 'a', payload: LARGE })
    expect(await isDeflated(raw, 2)).toEqual([false, true])
    const late = await RawSocket.connected(server.url, { since: 0, topics: ['few'] }, OFFER)
    expect(await isDeflated(late, 5)).toEqual([false, false, false, false, false])
    await Promise.all([raw.close(), late.close()])
  })
})

it('a message reaches the client, the command line and who is behind nginx', async () => {
  const process = await startServerProcess({ COMPRESSION: 'on', LOG_LEVEL: 'silent' })
  const nginx = await startNginx({ upstreamPort: Number(new URL(process.url).port) })
  const cli = startCli(['tail', '--url', process.url, '--transport', 'websocket', '--json'])
  try {
    const behind = await crowd(nginx.url)
    expect(behind[0]?.socket.extensions).toBe('permessage-deflate')
    const follower = await Follower.start({ baseUrl: nginx.url, transports: ['websocket'] })
    await cli.remarked('connected')
    const api = new Api(process.url)
    await api.broadcast({ type: 'a', payload: LARGE })
    await follower.until('the message', () => follower.payloads.length === 1)
    await waitFor('the command line to print it', () => cli.lines().length === 1)
    expect(follower.payloads).toEqual([LARGE])
    expect(JSON.parse(cli.lines()[0]!).payload).toBe(LARGE)
    for (const reader of behind) expect((await reader.next('message')).message.payload).toBe(LARGE)
    const { savedBytes: saved } = (await api.status()).body
    expect(saved).toBeGreaterThan(MANY * 3000)
    const metrics: string = (await api.request('GET', '/metrics')).body
    expect(metrics).toContain(`\nsyncline_compression_saved_bytes_total ${saved}\n`)
  } finally {
    await cli.end('SIGKILL')
    await closeOpenClients()
    await nginx.stop()
    await process.kill()
  }
})

describe('an offer of compression', () => {
  afterEach(end)

  const answerTo = async (offer: string) => {
    const raw = await RawSocket.connected(server.url, {}, { 'Sec-WebSocket-Extensions': offer })
    await raw.close()
    return /sec-websocket-extensions: (.*)\r\n/i.exec(raw.text)?.[1]
  }

  it('is taken without context takeover, whatever is asked for beside', async () => {
    await start()
    for (const [offer, ...told] of [
      ['permessage-deflate'],
      ['permessage-deflate; server_max_window_bits=12', 'server_max_window_bits=12'],
      ['permessage-deflate; client_max_window_bits=9', 'client_max_window_bits=9'],
      ['permessage-deflate; server_no_context_takeover; client_max_window_bits'],
    ] as const) {
      const answer = (await answerTo(offer))?.split('; ').sort()
      const fixed = [
        'client_no_context_takeover',
        'permessage-deflate',
        'server_no_context_takeover',
      ]
      expect(answer).toEqual([...fixed, ...told].sort())
    }
  })

  it('that is odd is let be, and the connection stands without it', async () => {
    await start()
    for (const offer of [
      'permessage-deflate; server_max_window_bits=8',
      'permessage-deflate; server_max_window_bits=99',
      'permessage-deflate; unknown=1',
      'permessage-deflate; server_no_context_takeover; server_no_context_takeover',
      'permessage-deflate;;;',
      'x-other',
    ]) {
      expect([offer, await answerTo(offer)]).toEqual([offer, undefined])
    }
  })

  it('is not taken by default', async () => {
    await start({ compression: false })
    expect(await answerTo('permessage-deflate')).toBeUndefined()
  })
})

it('what is unpacked, answered, pinged and written at once stays in order and whole', async () => {
  await start({ heartbeatMs: 100 })
  await crowd(server.url, { topics: ['t'] })
  const perMessageDeflate = { threshold: 0 }
  const client = await SocketClient.connect(server.url, { topics: ['t'] }, { perMessageDeflate })
  let faults = 0
  let pings = 0
  client.socket.on('error', () => {
    faults += 1
  })
  client.socket.on('ping', () => {
    pings += 1
  })
  const count = 150
  for (let n = 0; n < count; n += 1) {
    client.send({ op: 'send', ref: n, message: { type: 'own', payload: { n, LARGE } } })
    await server.server.publish({ type: 'a', payload: { n, LARGE }, topics: ['t'] })
  }
  const answers = () => client.frames.all.filter(({ op }) => op === 'ok' || op === 'error')
  const heard = (type: string) => client.messages.filter((message) => message.type === type)
  await waitFor('all of it', () => answers().length === count && heard('own').length === count)
  await waitFor('pings', () => pings > 1)
  const numbers = Array.from({ length: count }, (_, n) => n)
  expect(answers().map(({ ref }) => ref)).toEqual(numbers)
  for (const type of ['own', 'a']) {
    expect(heard(type).map(({ payload }) => payload.n)).toEqual(numbers)
  }
  expect(faults).toBe(0)
  expect(client.socket.readyState).toBe(client.socket.OPEN)
  await end()
})

describe('a page of a poll', () => {
  afterEach(end)

  const page = (headers: Record<string, string> = {}, query = '') =>
    new Api(server.url).request('GET', `/api/sync/poll${query}`, { headers })

  it.each([
    ['gzip, deflate, br', 'br'],
    ['gzip, deflate', 'gzip'],
    ['identity', null],
    ['br;q=0', null],
  ])('is compressed as its client takes it: %s', async (accepted, encoding) => {
    await start()
    const headers = { 'Accept-Encoding': accepted }
    const published = await server.server.publish({ type: 'a', payload: LARGE.repeat(3) })
    const { status, headers: answered, body } = await page(headers)
    expect(status).toBe(200)
    expect(answered.get('content-encoding')).toBe(encoding)
    expect(answered.get('vary')).toMatch(/(^|, )Accept-Encoding$/)
    expect(answered.get('content-type')).toBe('application/json; charset=utf-8')
    expect(answered.get('cache-control')).toBe('no-store')
    expect(body.messages).toMatchObject([{ id: published.messageId, payload: LARGE.repeat(3) }])
    const length = Number(answered.get('content-length'))
    expect(length < 1000).toBe(encoding !== null)
    expect(savedBytes() > 11_000).toBe(encoding !== null)
  })

  it('is sent as it is when it is small, or compression is off', async () => {
    const headers = { 'Accept-Encoding': 'gzip' }
    for (const [options, bytes] of [
      [{}, 2000],
      [{ compressionMinBytes: 20_000 }, 12_000],
      [{ compression: false }, 12_000],
    ] as const) {
      await server?.close()
      await start(options)
      await server.server.publish({ type: 'a', payload: 'x'.repeat(bytes) })
      const { headers: answered } = await page(headers)
      expect(answered.get('content-encoding')).toBeNull()
      expect(answered.get('vary')).not.toContain('Accept-Encoding')
    }
  })

  it('depends on both the Origin and the Accept-Encoding, and says so', async () => {
    const Origin = 'https://app.example.com'
    await start({ corsOrigins: [Origin] })
    await server.server.publish({ type: 'a', payload: LARGE.repeat(3) })
    const { headers } = await page({ Origin, 'Accept-Encoding': 'gzip' })
    expect(headers.get('vary')).toBe('Origin, Accept-Encoding')
    expect(headers.get('access-control-allow-origin')).toBe(Origin)
  })

  it('is compressed for polls that were held, too, each with its own facts', async () => {
    await start()
    const headers = { 'Accept-Encoding': 'gzip' }
    const polls = Array.from({ length: 20 }, () => page(headers, '?since=now&wait=20'))
    await waitFor('them to be held', () => held() === 20)
    const { messageId } = await server.server.publish({ type: 'a', payload: LARGE.repeat(3) })
    for (const { headers: answered, body } of await Promise.all(polls)) {
      expect(answered.get('content-encoding')).toBe('gzip')
      expect(body).toMatchObject({ count: 1, messages: [{ id: messageId }], resync: false })
    }
    await waitFor('none to be left', () => held() === 0)
    expect((server.server.stats() as { delivered: number }).delivered).toBe(20)
  })

  it('is given up where its client has left meanwhile', async () => {
    await start({ maxConnectionsPerUser: 30 })
    for (let n = 0; n < 8; n += 1) {
      await server.server.publish({ type: 'a', payload: LARGE.repeat(15) })
    }
    // More than may be unanswered at a time: each has to let go of its place.
    for (let n = 0; n < 60; n += 1) {
      const raw = await RawSocket.open(server.url)
      raw.write('GET /api/sync/poll HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: br\r\n\r\n')
      await new Promise((resolve) => setImmediate(resolve))
      if (n % 2 === 0) raw.reset()
      else await raw.close()
    }
    const { status, body } = await waitFor('a poll to be served', async () => {
      const answer = await page()
      return answer.status === 200 ? answer : undefined
    })
    expect([status, body.count]).toEqual([200, 8])
  })
})

const held = () =>
  (server.server.stats() as { connections: { longPoll: number } }).connections.longPoll
