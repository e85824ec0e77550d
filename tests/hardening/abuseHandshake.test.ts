// WebSocket handshakes that are wrong, odd, or followed at once by what has no business there.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { startGuestServer } from '../support/guestServer.js'
import { UPGRADE_HEADERS } from '../support/httpRequest.js'
import { jsonFrame, RawSocket } from '../support/RawSocket.js'
import { WatchedServer } from '../support/WatchedServer.js'
import { waitFor } from '../support/waitFor.js'

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
