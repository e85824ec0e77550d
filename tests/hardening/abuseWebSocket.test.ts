// What a hostile WebSocket client may send: it gets the contract's error or close code, and
// nobody else notices.

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { clientFrame, jsonFrame, OPCODE, RawSocket } from '../support/RawSocket.js'
import { SocketClient } from '../support/SocketClient.js'
import { WatchedServer } from '../support/WatchedServer.js'
import { waitFor } from '../support/waitFor.js'

let server: WatchedServer

beforeAll(async () => {
  server = await WatchedServer.start()
})

afterEach(() => server.expectUnharmed())

afterAll(() => server?.end())

const { text, binary, ping, pong, close, continuation } = OPCODE

/** What a connection is told after it sent these bytes: the code of the close frame. */
async function closeCodeAfter(raw: RawSocket, bytes: Uint8Array): Promise<number> {
  raw.write(bytes)
  const code = await waitFor('a close frame', () => raw.closeCode)
  await raw.close()
  return code
}

/** A handshake with what is written next behind it, in one segment. */
async function eager(): Promise<RawSocket> {
  const raw = await RawSocket.open(server.url)
  raw.socket.cork()
  raw.writeUpgrade()
  setImmediate(() => raw.socket.uncork())
  return raw
}

const upgraded = () => RawSocket.upgraded(server.url)
const accepted = () => RawSocket.connected(server.url, { token: server.token('abuser') })

describe('a frame that breaks the WebSocket protocol', () => {
  const half = { isFinal: false }
  it.each<[string, Buffer, number]>([
    ['not masked', clientFrame(text, '{"op":"ping"}', { isMasked: false }), 1002],
    ['with reserved bit 1', clientFrame(text, '{"op":"ping"}', { reserved: 4 }), 1002],
    ['with reserved bit 3', clientFrame(text, '{"op":"ping"}', { reserved: 1 }), 1002],
    ['of opcode 3', clientFrame(3, 'x'), 1002],
    ['of opcode 15', clientFrame(15, 'x'), 1002],
    ['a continuation of nothing', clientFrame(continuation, 'x'), 1002],
    ['a ping in two parts', clientFrame(ping, 'x', half), 1002],
    ['a ping of 126 bytes', clientFrame(ping, 'x'.repeat(126)), 1002],
    [
      'a text inside another',
      Buffer.concat([clientFrame(text, 'x', half), clientFrame(text, 'y')]),
      1002,
    ],
    ['text that is no UTF-8', clientFrame(text, Buffer.from([0x22, 0xff, 0x22])), 1007],
    ['a close with a code of one byte', clientFrame(close, Buffer.from([3])), 1002],
    ['a close with 999', clientFrame(close, Buffer.from([3, 231])), 1002],
    ['a close with 1005', clientFrame(close, Buffer.from([3, 237])), 1002],
    ['a close with 1006', clientFrame(close, Buffer.from([3, 238])), 1002],
    ['a close with 5000', clientFrame(close, Buffer.from([19, 136])), 1002],
    [
      'a close with a reason that is no UTF-8',
      clientFrame(close, Buffer.from([3, 232, 0xff])),
      1007,
    ],
  ])(
    'ends the connection, also before connect and in one segment with the handshake: %s',
    async (_what, bytes, code) => {
      for (const open of [accepted, upgraded, eager]) {
        expect(await closeCodeAfter(await open(), bytes)).toBe(code)
      }
    },
  )

  it('is hung up on, also where the peer does not answer the close', async () => {
    const raw = await accepted()
    raw.write(clientFrame(15, 'x'))
    await raw.closed
    expect(raw.closeCode).toBe(1002)
  })

  it('takes close without a code, and pongs that nobody asked for', async () => {
    const raw = await accepted()
    raw.write(Buffer.concat(Array.from({ length: 100 }, () => clientFrame(pong, 'x'))))
    raw.write(clientFrame(close))
    await raw.closed
    expect(raw.frames.at(-1)?.opcode).toBe(close)
  })
})

describe('a frame that is no command', () => {
  it.each<[string, Buffer]>([
    ['binary', clientFrame(binary, '{"op":"ping"}')],
    ['nothing', clientFrame(text, '')],
    ['no JSON', clientFrame(text, '{"op":"ping"')],
    ['null', clientFrame(text, 'null')],
    ['a number', clientFrame(text, '1e400')],
    ['a list', clientFrame(text, '[{"op":"ping"}]')],
    ['without op', jsonFrame({ ref: 1 })],
    ['with an op that is no string', jsonFrame({ op: { op: 'ping' } })],
    ['with an inherited op', clientFrame(text, '{"__proto__":{"op":"ping"}}')],
    ['nested 30,000 deep', clientFrame(text, `${'['.repeat(30_000)}${']'.repeat(30_000)}`)],
  ])(
    'is 4500, also before connect and in one segment with the handshake: %s',
    async (_what, bytes) => {
      for (const open of [accepted, upgraded, eager]) {
        expect(await closeCodeAfter(await open(), bytes)).toBe(4500)
      }
    },
  )

  it('is 4500: a second connect', async () => {
    expect(await closeCodeAfter(await accepted(), jsonFrame({ op: 'connect' }))).toBe(4500)
  })

  it.each(['ping', 'send', 'subscribe', 'refresh', 'nonsense', '__proto__'])(
    'is 4500 as the first frame: %s',
    async (op) => {
      const raw = await RawSocket.upgraded(server.url)
      expect(await closeCodeAfter(raw, jsonFrame({ op }))).toBe(4500)
    },
  )
})

describe('a command that is wrong', () => {
  it('is answered with its error, and the connection stays', async () => {
    const socket = await SocketClient.connect(server.url, { token: server.token('wrong') })
    const nested = JSON.parse(`${'['.repeat(33)}${']'.repeat(33)}`)
    const message = { type: 'a' }
    const wrong: [object, string][] = [
      [{ op: 'nonsense' }, 'invalid_request'],
      [{ op: '__proto__' }, 'invalid_request'],
      [{ op: 'constructor' }, 'invalid_request'],
      [{ op: 'send' }, 'invalid_request'],
      [{ op: 'send', message: [] }, 'invalid_request'],
      [{ op: 'send', message: {} }, 'invalid_message'],
      [{ op: 'send', message: { ...message, payload: nested } }, 'invalid_message'],
      [{ op: 'send', message: { ...message, extra: 1 } }, 'invalid_message'],
      [{ op: 'send', message: { ...message, userId: null } }, 'invalid_message'],
      [{ op: 'send', message: { ...message, userId: 'other' } }, 'forbidden'],
      [{ op: 'send', message: { ...message, topics: ['t'] } }, 'forbidden'],
      [{ op: 'subscribe' }, 'invalid_request'],
      [{ op: 'subscribe', topics: ['*'] }, 'invalid_request'],
      [{ op: 'subscribe', topics: ['a'], since: 'x' }, 'invalid_cursor'],
      [{ op: 'unsubscribe', topics: {} }, 'invalid_request'],
      [{ op: 'refresh' }, 'invalid_request'],
    ]
    for (const [index, [frame, code]] of wrong.entries()) {
      socket.send({ ...frame, ref: index })
      expect(await socket.next('error')).toMatchObject({ ref: index, code })
    }
    socket.send('{"op":"send","ref":"inf","message":{"type":"a","payload":1e400}}')
    expect(await socket.next('error')).toMatchObject({ ref: 'inf', code: 'invalid_message' })
    socket.send('{"op":"send","ref":"p","message":{"type":"a","__proto__":{"userId":"x"}}}')
    expect(await socket.next('error')).toMatchObject({ ref: 'p', code: 'invalid_message' })
    expect(await socket.ask({ op: 'ping' })).toMatchObject({ op: 'ok' })
    expect(socket.messages).toEqual([])
    await socket.close()
  })

  it('is answered without a ref where the ref can not be echoed', async () => {
    const socket = await SocketClient.connect(server.url, { token: server.token('refs') })
    for (const ref of ['x'.repeat(65), 1.5, null, {}, ['r'], true]) {
      socket.send({ op: 'ping', ref })
      const error = await socket.next('error')
      expect(error).toEqual({ op: 'error', code: 'invalid_request', message: expect.any(String) })
    }
    expect(await socket.ask({ op: 'ping' })).toMatchObject({ op: 'ok' })
    await socket.close()
  })
})

describe('a frame that is too large', () => {
  it('is an error, and the connection stays', async () => {
    const socket = await SocketClient.connect(server.url, { token: server.token('large') })
    expect(socket.connected.maxPayload).toBe(65_536)
    for (const size of [65_537, 600_000, 1_000_000]) {
      socket.send(`{"op":"ping","ref":"${'x'.repeat(size - 22)}"}`)
      expect(await socket.next('error')).toEqual({
        op: 'error',
        code: 'too_large',
        message: expect.stringContaining('65536'),
      })
    }
    expect(await socket.ask({ op: 'ping' })).toMatchObject({ op: 'ok' })
    await socket.close()
  })

  it.each([
    ['after connect', accepted, 1009],
    ['before it, where no more is taken than of any first frame', upgraded, 4500],
    ['in one segment with the handshake', eager, 4500],
  ])(
    'is the end when it is far too large, announced or in parts: %s',
    async (_when, open, code) => {
      const announced = Buffer.from([0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4])
      expect(await closeCodeAfter(await open(), announced)).toBe(1009)
      const part = (opcode: number) => clientFrame(opcode, 'x'.repeat(60_000), { isFinal: false })
      const parts = [part(text), ...Array.from({ length: 20 }, () => part(continuation))]
      expect(await closeCodeAfter(await open(), Buffer.concat(parts))).toBe(code)
    },
  )

  it('is 4500 as the first frame', async () => {
    const raw = await RawSocket.upgraded(server.url)
    const first = jsonFrame({ op: 'connect', token: 'x'.repeat(70_000) })
    expect(await closeCodeAfter(raw, first)).toBe(4500)
    expect(raw.said).toMatchObject([{ op: 'error', code: 'too_large' }])
  })

  it.each([
    ['after connect', accepted],
    ['before it', upgraded],
    ['in one segment with the handshake', eager],
  ])('is cut off when it comes in thousands of fragments: %s', async (_when, open) => {
    for (const content of ['', 'x']) {
      const fragment = clientFrame(continuation, content, { isFinal: false })
      const many = Buffer.concat(Array.from({ length: 5000 }, () => fragment))
      const endless = Buffer.concat([clientFrame(text, content, { isFinal: false }), many])
      expect([1008, 1009]).toContain(await closeCodeAfter(await open(), endless))
    }
  })
})
