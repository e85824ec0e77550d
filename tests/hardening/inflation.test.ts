// What is small on the wire and large when it is unpacked: with compression on, nobody makes the
// server hold more of that than of anything else.

import { constants, deflateRawSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { clientFrame, OPCODE, RawSocket } from '../support/RawSocket.js'
import { startTestServer } from '../support/testServer.js'
import { WatchedServer } from '../support/WatchedServer.js'
import { waitFor } from '../support/waitFor.js'

const MIB = 1 << 20
const OFFER = { 'Sec-WebSocket-Extensions': 'permessage-deflate' }
const { text, continuation } = OPCODE

let server: WatchedServer
beforeAll(async () => {
  server = await WatchedServer.start({ COMPRESSION: 'on' })
})
afterEach(() => server.expectUnharmed())
afterAll(() => server?.end())

const deflated = (content: string | Buffer) =>
  deflateRawSync(content, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)

/** A compressed message in one frame. */
const packed = (content: string | Buffer) => clientFrame(text, deflated(content), { reserved: 4 })

/** What unpacks to this many bytes. */
const bomb = (bytes: number) => packed(Buffer.alloc(bytes, 0x20))

/** One in parts, of which the last is missing; each unpacks to this many bytes. */
function endless(parts: number, bytes: number): Buffer {
  const content = deflateRawSync(Buffer.alloc(bytes, 0x20), {
    finishFlush: constants.Z_FULL_FLUSH,
  })
  const first = clientFrame(text, content, { reserved: 4, isFinal: false })
  const next = clientFrame(continuation, content, { isFinal: false })
  return Buffer.concat([first, ...Array.from({ length: parts - 1 }, () => next)])
}

const upgraded = () => RawSocket.upgraded(server.url, OFFER)
const accepted = (name = 'bomber') =>
  RawSocket.connected(server.url, { token: server.token(name) }, OFFER)

async function closeCodeAfter(raw: RawSocket, bytes: Uint8Array): Promise<number> {
  raw.write(bytes)
  const code = await waitFor('a close frame', () => raw.closeCode)
  await raw.close()
  return code
}

/** Whether the compressed frames are understood at all. */
async function expectTaken(raw: RawSocket): Promise<void> {
  raw.write(packed('{"op":"ping","ref":"taken"}'))
  await waitFor('an answer', () => raw.said.some(({ ref }) => ref === 'taken'))
}

describe('what unpacks to too much', () => {
  it('is an error where it is a frame too large, and the connection stays', async () => {
    const raw = await accepted()
    await expectTaken(raw)
    raw.write(bomb(70_000))
    await waitFor('the error', () => raw.said.some(({ code }) => code === 'too_large'))
    await expectTaken(raw)
    await raw.close()
  })

  it.each([2 * 65_536 + 1, 64 * MIB])('ends the connection where it is %d bytes', async (bytes) => {
    expect(bomb(bytes).length).toBeLessThan(80_000)
    for (const open of [accepted, upgraded]) {
      expect(await closeCodeAfter(await open(), bomb(bytes))).toBe(1009)
    }
  })

  it('ends the connection where it comes in parts', async () => {
    for (const open of [accepted, upgraded]) {
      expect(await closeCodeAfter(await open(), endless(5, 60_000))).toBe(1009)
    }
  })

  it('is 4500 as the first frame', async () => {
    expect(await closeCodeAfter(await upgraded(), bomb(70_000))).toBe(4500)
  })

  it('costs little, however many sockets send parts of it and stay', async () => {
    const before = await server.memoryBytes()
    const sockets = await Promise.all(Array.from({ length: 100 }, upgraded))
    for (const raw of sockets) raw.write(endless(2, 60_000))
    // Nothing more is to come, so that they are told after five seconds.
    await waitFor('all to be closed', () => sockets.every(({ closeCode }) => closeCode === 4408))
    expect((await server.memoryBytes()) - before).toBeLessThan(48 * MIB)
    await Promise.all(sockets.map((raw) => raw.close()))
  })
})

it('is not kept while a token is checked: what several frames unpack to', async () => {
  let refuse = () => {}
  const authenticate = () =>
    new Promise<undefined>((resolve) => {
      refuse = () => resolve(undefined)
    })
  const slow = await startTestServer({ compression: true, authenticate })
  const raw = await RawSocket.upgraded(slow.url, OFFER)
  const pad = packed(JSON.stringify({ op: 'ping', pad: 'x'.repeat(30_000) }))
  raw.write(packed('{"op":"connect","token":"t"}'))
  expect(await closeCodeAfter(raw, Buffer.concat([pad, pad, pad]))).toBe(4429)
  refuse()
  await slow.close()
})

describe('what can’t be unpacked', () => {
  it('ends the connection, and leaves its place to others', async () => {
    const broken = clientFrame(text, Buffer.from([0xff, 0xff, 0xff]), { reserved: 4 })
    for (const open of [accepted, upgraded]) {
      expect(await closeCodeAfter(await open(), broken)).toBe(1007)
    }
  })

  it('ends the connection where it was not agreed on', async () => {
    const raw = await RawSocket.connected(server.url, { token: server.token('bomber') })
    expect(await closeCodeAfter(raw, packed('{"op":"ping"}'))).toBe(1002)
  })

  it('is let go of when its sender resets in the middle', async () => {
    const sockets = await Promise.all(Array.from({ length: 40 }, () => accepted()))
    for (const raw of sockets) {
      raw.write(bomb(900_000))
      raw.reset()
    }
    const api = server.api('looker', { roles: ['admin'] })
    await waitFor('their places to be free', async () => {
      // The watchers' own stay.
      const { body } = await api.status()
      return body.connections.websocket < 10
    })
  })
})

it('is charged and refused by its size unpacked', async () => {
  const raw = await accepted('sender')
  const message = { type: 'a', payload: 'x'.repeat(70_000) }
  raw.write(packed(JSON.stringify({ op: 'send', ref: 1, message })))
  await waitFor('the error', () => raw.said.some(({ code }) => code === 'too_large'))
  await raw.close()
})
