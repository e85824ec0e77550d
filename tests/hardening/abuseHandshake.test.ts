// WebSocket handshakes and floods: what happens before a connection is accepted, while its token
// is being checked, and to one that sends without ever reading.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { expectServed } from '../support/canary.js'
import { startGuestServer } from '../support/guestServer.js'
import { type HostProcess, startHostProcess } from '../support/hostProcess.js'
import { UPGRADE_HEADERS } from '../support/httpRequest.js'
import { clientFrame, jsonFrame, OPCODE, RawSocket } from '../support/RawSocket.js'
import { WatchedServer } from '../support/WatchedServer.js'
import { waitFor } from '../support/waitFor.js'

const MIB = 1 << 20
const KEY = UPGRADE_HEADERS['Sec-WebSocket-Key']

let server: WatchedServer

beforeAll(async () => {
  server = await WatchedServer.start()
})

afterAll(() => server?.end())

describe('a handshake', () => {
  it.each<[string, Record<string, string>]>([
    ['without a key', { 'Sec-WebSocket-Key': '' }],
    ['with a key that is too short', { 'Sec-WebSocket-Key': 'short' }],
    ['with a key of 17 bytes', { 'Sec-WebSocket-Key': Buffer.alloc(17).toString('base64') }],
    ['with a key that is no base64', { 'Sec-WebSocket-Key': '!'.repeat(24) }],
    ['with two keys', { 'Sec-WebSocket-Key': `${KEY}, ${KEY}` }],
    ['with a key named constructor', { 'Sec-WebSocket-Key': 'constructor' }],
    ['of version 0', { 'Sec-WebSocket-Version': '0' }],
    ['of version 9', { 'Sec-WebSocket-Version': '9' }],
    ['of version 1e1', { 'Sec-WebSocket-Version': '1e1' }],
    ['of version 99999999999999999999', { 'Sec-WebSocket-Version': '9'.repeat(20) }],
    ['of no version', { 'Sec-WebSocket-Version': '' }],
    ['for two protocols', { Upgrade: 'websocket, h2c' }],
    ['for another protocol', { Upgrade: 'h2c' }],
    ['with a subprotocol list that is none', { 'Sec-WebSocket-Protocol': 'a,,b' }],
  ])('is refused in JSON: %s', async (_what, headers) => {
    const raw = await RawSocket.open(server.url)
    raw.writeUpgrade(headers)
    await raw.closed
    expect(raw.text).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect(JSON.parse(raw.text.slice(raw.text.indexOf('\r\n\r\n')))).toMatchObject({
      success: false,
    })
    await server.expectUnharmed()
  })

  it.each([
    'constructor',
    '__proto__',
    'toString; hasOwnProperty=1',
    'permessage-deflate; client_max_window_bits=99',
    'permessage-deflate; server_max_window_bits="\\"',
    ';;;,,,',
    'x;'.repeat(4000),
  ])('is served without any extension where it asks for %.40s', async (extensions) => {
    const raw = await RawSocket.open(server.url)
    raw.writeUpgrade({ 'Sec-WebSocket-Extensions': extensions })
    raw.write(jsonFrame({ op: 'connect', token: server.token('extended') }))
    await waitFor('"connected"', () => raw.text.includes('"op":"connected"'))
    expect(raw.text).not.toMatch(/^sec-websocket-extensions/im)
    await raw.close()
  })

  it.each([
    ['before', (many: string[], own: string[]) => [...many, ...own]],
    ['behind', (many: string[], own: string[]) => [...own, ...many]],
    [
      'around',
      (many: string[], own: string[]) => [...many.slice(150), ...own, ...many.slice(-150)],
    ],
  ])('is answered with 2,100 headers %s its own', async (_where, order) => {
    const many = Array.from({ length: 2100 }, () => 'a:1')
    const own = Object.entries(UPGRADE_HEADERS).map(([name, value]) => `${name}: ${value}`)
    const raw = await RawSocket.open(server.url)
    raw.write(['GET /ws HTTP/1.1', 'Host: localhost', ...order(many, own), '', ''].join('\r\n'))
    await waitFor('an answer', () => raw.text.includes('\r\n\r\n'))
    expect(raw.text).toMatch(/^HTTP\/1\.1 (101|4\d\d) /)
    await raw.close()
    await server.expectUnharmed()
  })

  it('never echoes a subprotocol, where clients put tokens, and takes no compression', async () => {
    const raw = await RawSocket.open(server.url)
    raw.writeUpgrade({
      'Sec-WebSocket-Protocol': 'secret-token, syncline',
      'Sec-WebSocket-Extensions': 'permessage-deflate',
    })
    await waitFor('the answer', () => raw.text.includes('\r\n\r\n'))
    expect(raw.text).toMatch(/^HTTP\/1\.1 101 /)
    expect(raw.text).not.toMatch(/secret|syncline|Sec-WebSocket-(Protocol|Extensions)/i)
    await raw.close()
  })

  it('with frames behind it in the same packet is served', async () => {
    const raw = await RawSocket.open(server.url)
    raw.socket.cork()
    raw.writeUpgrade()
    raw.write(jsonFrame({ op: 'connect', token: server.token('eager') }))
    raw.write(jsonFrame({ op: 'ping', ref: 1 }))
    raw.socket.uncork()
    await waitFor('the answer to the ping', () => raw.said.some(({ ref }) => ref === 1))
    expect(raw.said.map(({ op }) => op)).toEqual(['connected', 'ok'])
    await raw.close()
  })

  it('on the plain path is told to upgrade', async () => {
    const answer = await new Api(server.url).request('GET', '/ws')
    expect(answer).toMatchObject({ status: 426, body: { error: { code: 'upgrade_required' } } })
  })

  it('that is refused leaves no socket behind, though its client never hangs up', async () => {
    const { url, host, close } = await startGuestServer()
    const connections = () =>
      new Promise<number>((resolve) => host.getConnections((_error, count) => resolve(count)))

    const clients = [
      [{ Host: 'evil.example' }, '/ws'],
      [{ Origin: 'https://evil.example' }, '/ws'],
      [{}, '/nothing'],
    ] as const
    const raws = await Promise.all(
      clients.map(async ([headers, path]) => {
        const raw = await RawSocket.open(url, { allowHalfOpen: true })
        raw.writeUpgrade(headers, path)
        await waitFor('the refusal', () => raw.text.startsWith('HTTP/1.1 40') && raw.hasEnded)
        return raw
      }),
    )
    await waitFor(
      'the server to let go of them',
      async () => (await connections()) === 0,
      3000,
    ).finally(async () => {
      await Promise.all(raws.map((raw) => raw.close()))
      await close()
    })
  })
})

describe('a client that sends and never reads', () => {
  /** Writes until the server has taken all of it, or takes no more. */
  async function flood(raw: RawSocket, bytes: Buffer, times: number): Promise<void> {
    for (let round = 0; round < times; round += 1) raw.write(bytes)
    let taken = -1
    let stillFor = 0
    await waitFor('the server to take all, or no more', () => {
      stillFor = raw.socket.bytesWritten - raw.socket.writableLength === taken ? stillFor + 1 : 0
      taken = raw.socket.bytesWritten - raw.socket.writableLength
      return raw.socket.writableLength === 0 || stillFor > 100
    })
  }

  it('of pings costs no memory', async () => {
    const raw = await RawSocket.connected(server.url, { token: server.token('flood') })
    raw.freeze()
    const before = await server.memoryBytes()
    const ping = clientFrame(OPCODE.ping, 'x'.repeat(125))
    await flood(raw, Buffer.concat(Array.from({ length: 5000 }, () => ping)), 80)
    expect((await server.memoryBytes()) - before).toBeLessThan(48 * MIB)
    await server.expectUnharmed()
    await raw.close()
  })

  it.each([
    ['commands', { op: 'ping', ref: 'x'.repeat(64) }],
    ['commands that are wrong', { op: 'nonsense', ref: 'x'.repeat(64) }],
    ['messages', { op: 'send', ref: 'x'.repeat(64), message: { type: 'a', payload: 'y' } }],
  ])('of %s is not read any more, and costs no memory', async (_what, frame) => {
    const raw = await RawSocket.connected(server.url, { token: server.token('flood') })
    raw.freeze()
    const before = await server.memoryBytes()
    const bytes = Buffer.concat(Array.from({ length: 2000 }, () => jsonFrame(frame)))
    await flood(raw, bytes, 250)
    expect(raw.socket.writableLength).toBeGreaterThan(0)
    expect((await server.memoryBytes()) - before).toBeLessThan(96 * MIB)
    await server.expectUnharmed()
    await raw.close()
  })
})

describe('a reset while a signature is verified', () => {
  const head = (line: string, token: string, ...headers: string[]) =>
    [line, 'Host: localhost', `Authorization: Bearer ${token}`, ...headers, '', ''].join('\r\n')

  it.each<[string, (raw: RawSocket, token: string) => void]>([
    [
      'of an upgrade',
      (raw, token) => {
        raw.writeUpgrade({ Authorization: `Bearer ${token}` })
        raw.write(jsonFrame({ op: 'connect' }))
      },
    ],
    [
      'of a connect frame',
      (raw, token) => {
        raw.writeUpgrade()
        raw.write(jsonFrame({ op: 'connect', token }))
      },
    ],
    [
      'of a held poll',
      (raw, token) => raw.write(head('GET /api/sync/poll?since=now&wait=20 HTTP/1.1', token)),
    ],
    ['of a stream', (raw, token) => raw.write(head('GET /api/sync/stream HTTP/1.1', token))],
    ['of a ticket', (raw, token) => raw.write(head('POST /api/sync/ticket HTTP/1.1', token))],
  ])('%s, two hundred times, harms nobody', async (_what, write) => {
    const token = server.token('reset')
    for (let round = 0; round < 4; round += 1) {
      const raws = await Promise.all(Array.from({ length: 50 }, () => RawSocket.open(server.url)))
      for (const [index, raw] of raws.entries()) {
        // A token that is none takes another way through the check.
        write(raw, index % 5 === 0 ? `${token}x` : token)
        // Some before the server has read anything, some a little later.
        if (index % 2 === 0) setImmediate(() => raw.reset())
        else setTimeout(() => raw.reset(), index % 10)
      }
      await Promise.all(raws.map(({ closed }) => closed))
    }
    await server.expectUnharmed()
  })
})

describe('while a token is being checked', () => {
  let host: HostProcess

  beforeAll(async () => {
    host = await startHostProcess(`
      import { createSyncServer } from './dist/server/createSyncServer.js'
      const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
      const server = await createSyncServer({
        port: 0, host: '127.0.0.1', logLevel: 'warn',
        authenticate: async ({ token }) => {
          await delay(token === 'slow' ? 1000 : 30)
          if (token === 'broken') throw new Error('secret database name')
          return token?.startsWith('dev:') || token === 'slow' ? { userId: token.replace('dev:', '') } : null
        },
      })
      console.log('running at ' + (await server.listen()).url)
    `)
  })

  afterAll(() => host?.kill())

  const head = (path: string, ...headers: string[]) =>
    [path, 'Host: localhost', 'Authorization: Bearer dev:reset', ...headers, '', ''].join('\r\n')

  it.each([
    ['an upgrade', (raw: RawSocket) => raw.writeUpgrade({ Authorization: 'Bearer dev:reset' })],
    [
      'a connect frame',
      (raw: RawSocket) => {
        raw.writeUpgrade()
        raw.write(jsonFrame({ op: 'connect', token: 'dev:reset' }))
      },
    ],
    [
      'a held poll',
      (raw: RawSocket) => raw.write(head('GET /api/sync/poll?since=now&wait=20 HTTP/1.1')),
    ],
    ['a stream', (raw: RawSocket) => raw.write(head('GET /api/sync/stream HTTP/1.1'))],
    [
      'a send',
      (raw: RawSocket) =>
        raw.write(head('POST /api/sync/send HTTP/1.1', 'Content-Length: 12', 'Content-Type: x')),
    ],
  ])('two hundred resets in the middle of %s harm nobody', async (_what, write) => {
    for (let round = 0; round < 8; round += 1) {
      const raws = await Promise.all(Array.from({ length: 25 }, () => RawSocket.open(host.url)))
      for (const [index, raw] of raws.entries()) {
        write(raw)
        // Some before the server has read anything, some while it waits for the token's check.
        if (index % 2 === 0) raw.reset()
        else setTimeout(() => raw.reset(), index)
      }
      await Promise.all(raws.map(({ closed }) => closed))
    }
    await expectServed(host.url)
    expect(host.child.exitCode).toBeNull()
    expect(host.output()).not.toContain('fault')
  })

  it('up to 16 frames wait, in order, and one more is 4429', async () => {
    const waiting = await RawSocket.upgraded(host.url)
    const pings = Array.from({ length: 16 }, (_, ref) => jsonFrame({ op: 'ping', ref }))
    waiting.write(Buffer.concat([jsonFrame({ op: 'connect', token: 'slow' }), ...pings]))
    await waitFor('all answers', () => waiting.said.length === 17)
    expect(waiting.said.slice(1).map(({ ref }) => ref)).toEqual(pings.map((_, ref) => ref))
    await waiting.close()

    const tooMany = await RawSocket.upgraded(host.url)
    tooMany.write(Buffer.concat([jsonFrame({ op: 'connect', token: 'slow' }), ...pings]))
    tooMany.write(jsonFrame({ op: 'ping' }))
    expect(await waitFor('the close', () => tooMany.closeCode)).toBe(4429)
    expect(tooMany.said).toEqual([])
    await tooMany.closed
  })

  it('a check that fails is 1011, and says nothing of why', async () => {
    const raw = await RawSocket.upgraded(host.url)
    raw.write(jsonFrame({ op: 'connect', token: 'broken' }))
    expect(await waitFor('the close', () => raw.closeCode)).toBe(1011)
    await raw.closed
    expect(raw.text).not.toContain('secret')
    expect(host.child.exitCode).toBeNull()
  })
})
