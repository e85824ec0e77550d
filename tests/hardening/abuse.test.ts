// What a hostile HTTP client may do: it is told so clearly, or cut off, and nobody else notices.

import { brotliCompressSync, gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { httpRequest } from '../support/httpRequest.js'
import { RawSocket } from '../support/RawSocket.js'
import { WatchedServer } from '../support/WatchedServer.js'
import { waitFor } from '../support/waitFor.js'

const MIB = 1 << 20

/** A WebSocket and a stream; and a held poll, most of the time. */
const CANARIES = 2

let server: WatchedServer
let api: Api
/** The lines of a head that say where to, and who it is. */
let who: string

beforeAll(async () => {
  server = await WatchedServer.start()
  api = server.api('abuser')
  who = `Host: localhost\r\nAuthorization: Bearer ${server.token('abuser')}\r\n`
})

afterEach(() => server.expectUnharmed())

afterAll(() => server?.end())

/** Sends these bytes and resolves with all that came back once the server has hung up. */
async function exchange(text: string): Promise<string> {
  const raw = await RawSocket.open(server.url)
  raw.write(text)
  await raw.closed
  return raw.text
}

describe('a body that JSON.parse takes and a message can not carry', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}1${']'.repeat(depth)}`

  it.each([
    ['nested 33 deep', `{"type":"a","payload":${nested(33)}}`],
    ['nested 5,000 deep', `{"type":"a","payload":${nested(5000)}}`],
    ['nested in a field that is no payload', `{"type":"a","topics":${nested(5000)}}`],
    ['nested in an unknown field', `{"type":"a","x":${nested(5000)}}`],
    ['an infinite number', '{"type":"a","payload":1e400}'],
    ['an infinite number deep down', '{"type":"a","payload":{"a":[{"b":-1e999}]}}'],
    ['a lone surrogate', '{"type":"a","payload":"\\ud800"}'],
    ['a lone surrogate in a key', '{"type":"a","payload":{"\\udc00":1}}'],
    ['a field named __proto__', '{"type":"a","__proto__":{"userId":"victim"}}'],
    ['a field named constructor', '{"type":"a","constructor":{"prototype":{"roles":["admin"]}}}'],
    ['nothing but an array', '[{"type":"a"}]'],
    ['null', 'null'],
  ])('is 400 for %s', async (_what, body) => {
    const answer = await api.send(body)
    expect(answer).toMatchObject({ status: 400, body: { success: false } })
    expect(answer.body.error.code).toBe('invalid_message')
    expect(answer.body.error.message.length).toBeLessThan(600)
    expect((await api.poll()).body.count).toBe(0)
  })

  it('is 400 for a whole body of nothing but brackets', async () => {
    expect((await api.send(nested(30_000))).status).toBe(400)
    expect((await api.send('['.repeat(60_000))).body.error.code).toBe('invalid_request')
  })

  it('delivers a key named __proto__ as plain data, and 32 levels as they are', async () => {
    const token = server.token('exact')
    const own = new Api(server.url, token)
    const payload = `{"__proto__":{"isAdmin":true},"constructor":1,"deep":${nested(31)}}`
    expect((await own.send(`{"type":"a","payload":${payload}}`)).status).toBe(201)
    const answer = await httpRequest(`${server.url}/api/sync/poll`, {
      headers: { Authorization: `Bearer ${token}` },
    })
    expect(JSON.stringify(answer.body.messages[0].payload)).toBe(payload)
    expect(Object.hasOwn(answer.body.messages[0].payload, '__proto__')).toBe(true)
  })
})

describe('a body that can not be read', () => {
  it.each([
    ['a byte that UTF-8 does not know', Buffer.from('{"type":"a","payload":"\xff"}', 'latin1')],
    ['an overlong UTF-8 form', Buffer.from('{"type":"a","payload":"\xc0\xaf"}', 'latin1')],
    ['a surrogate in UTF-8', Buffer.from('{"type":"a","payload":"\xed\xa0\x80"}', 'latin1')],
    ['UTF-16', Buffer.from('{"type":"a"}', 'utf16le')],
    ['half a JSON text', Buffer.from('{"type":"a"')],
    ['two JSON texts', Buffer.from('{"type":"a"}{"type":"a"}')],
    ['NaN', Buffer.from('{"type":"a","payload":NaN}')],
  ])('is 400 for %s', async (_what, body) => {
    const answer = await api.send(body)
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'invalid_request' } } })
  })

  it('is 400 for what only claims to be compressed, and for half of it', async () => {
    const half = gzipSync('{"type":"a"}').subarray(0, 15)
    for (const body of [Buffer.from('{"type":"a"}'), half]) {
      const answer = await api.send(body, { 'Content-Encoding': 'gzip' })
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'invalid_request' } } })
    }
  })

  it.each([
    [{ 'Content-Type': 'text/plain' }],
    [{ 'Content-Type': 'application/x-www-form-urlencoded' }],
    [{ 'Content-Type': 'multipart/form-data; boundary=x' }],
    [{ 'Content-Type': 'application/json; charset=utf-16' }],
    [{ 'Content-Type': 'application/jsonp' }],
    [{ 'Content-Type': '' }],
    [{ 'Content-Type': 'application/json', 'Content-Encoding': 'lzma' }],
  ])('is 415 for %j', async (headers) => {
    const answer = await httpRequest(`${server.url}/api/sync/send`, {
      method: 'POST',
      headers: { ...headers, Authorization: `Bearer ${server.token('abuser')}` },
      body: '{"type":"a"}',
    })
    expect(answer.status).toBe(415)
    expect(answer.body.error.code).toBe('unsupported_media_type')
  })
})

describe('a body that is too large', () => {
  it('takes 64 KiB and refuses one byte more with 413', async () => {
    const frame = '{"type":"a","payload":""}'
    const exact = `{"type":"a","payload":"${'x'.repeat(65_536 - frame.length)}"}`
    const own = server.api('large')
    expect((await own.send(exact)).status).toBe(201)
    const answer = await own.send(`${exact} `)
    expect(answer).toMatchObject({ status: 413, body: { error: { code: 'too_large' } } })
  })

  it('refuses what is only announced, and hangs up instead of reading it', async () => {
    const text = await exchange(
      `POST /api/sync/send HTTP/1.1\r\n${who}Content-Type: application/json\r\n` +
        'Content-Length: 9000000000\r\n\r\n{"type"',
    )
    expect(text).toMatch(/^HTTP\/1\.1 413 /)
    expect(text).toContain('"code":"too_large"')
  })

  it('refuses a chunked body that never ends', async () => {
    const raw = await RawSocket.open(server.url)
    raw.write(
      `POST /api/sync/send HTTP/1.1\r\n${who}Content-Type: application/json\r\n` +
        'Transfer-Encoding: chunked\r\n\r\n',
    )
    const chunk = `2000\r\n${' '.repeat(0x2000)}\r\n`
    // Not on when the answer is there: what is sent to a closed connection may take it away again.
    for (let sent = 0; sent < 32 && raw.text === ''; sent += 1) {
      raw.write(chunk)
      await new Promise(setImmediate)
    }
    await raw.closed
    expect(raw.text).toMatch(/^HTTP\/1\.1 413 /)
  })

  it.each([
    ['gzip', gzipSync(Buffer.alloc(40 * MIB, ' '))],
    ['br', brotliCompressSync(Buffer.alloc(40 * MIB, ' '))],
  ])('refuses a %s bomb without unpacking it', async (encoding, bomb) => {
    expect(bomb.length).toBeLessThan(65_536)
    const before = await server.memoryBytes()
    for (let round = 0; round < 5; round += 1) {
      const answer = await api.send(bomb, { 'Content-Encoding': encoding })
      expect(answer).toMatchObject({ status: 413, body: { error: { code: 'too_large' } } })
    }
    const after = await server.memoryBytes()
    expect(after - before).toBeLessThan(40 * MIB)
  })
})

describe('a client that does not finish', () => {
  it('may break off a hundred bodies half-way', async () => {
    const head = `POST /api/sync/send HTTP/1.1\r\n${who}Content-Type: application/json\r\n`
    const clients = await Promise.all(Array.from({ length: 100 }, () => RawSocket.open(server.url)))
    for (const [index, client] of clients.entries()) {
      client.write(`${head}Content-Length: 100\r\n\r\n{"type":"half"`)
      if (index % 2 === 0) client.reset()
      else client.socket.end()
    }
    await Promise.all(clients.map(({ closed }) => closed))
    expect((await api.poll()).body.count).toBe(0)
  })

  it('may break off a hundred held polls and streams', async () => {
    const paths = ['/api/sync/poll?since=now&wait=25', '/api/sync/stream']
    const clients = await Promise.all(Array.from({ length: 100 }, () => RawSocket.open(server.url)))
    for (const [index, client] of clients.entries()) {
      client.write(`GET ${paths[index % 2]} HTTP/1.1\r\n${who}\r\n`)
    }
    const admin = server.api('boss', { roles: ['admin'] })
    const connections = async () => (await admin.status()).body.connections.total
    await waitFor('all of them to be held', async () => (await connections()) >= 100 + CANARIES)
    for (const client of clients) client.reset()
    await waitFor('all of them to be let go', async () => (await connections()) <= CANARIES + 1)
  })
})
