import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import { webSocketFormat } from '../../../server/transports/webSocketFormat.js'
import { at, EPOCH, messageAt, resyncAt } from '../../support/entries.js'

let server: WebSocketServer
let client: WebSocket
let write: (bytes: Buffer) => void

beforeAll(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', (_webSocket, { socket }) => {
    write = (bytes) => socket.write(bytes)
  })
  await once(server, 'listening')
  client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  await once(client, 'open')
})
afterAll(async () => {
  client.terminate()
  for (const webSocket of server.clients) webSocket.terminate()
  await new Promise((resolve) => server.close(resolve))
})

/** What a client makes of these bytes. */
async function understood(bytes: Buffer): Promise<{ text: string; isBinary: boolean }> {
  const received = once(client, 'message') as Promise<[RawData, boolean]>
  write(bytes)
  const [data, isBinary] = await received
  return { text: String(data), isBinary }
}

/** An event whose whole frame text has this many bytes. */
function eventOf(bytes: number, character = 'x') {
  const around = '{"op":"e","text":""}'.length
  const count = (bytes - around) / Buffer.byteLength(character)
  return { op: 'e', text: character.repeat(count) }
}

describe('a WebSocket frame', () => {
  it.each([
    [125, 2],
    [126, 4],
    [65_535, 4],
    [65_536, 10],
    [200_000, 10],
  ])('of %d bytes is read by a client as it was written', async (length, headerLength) => {
    const { op, ...body } = eventOf(length)
    const bytes = webSocketFormat.event(op, JSON.stringify(body))
    expect(bytes).toHaveLength(length + headerLength)
    expect(await understood(bytes)).toEqual({
      text: JSON.stringify({ op, ...body }),
      isBinary: false,
    })
  })

  it('counts bytes, not characters', async () => {
    const { op, ...body } = eventOf(20 + 65_516, '😀')
    const bytes = webSocketFormat.event(op, JSON.stringify(body))
    expect(bytes).toHaveLength(65_536 + 10)
    expect(JSON.parse((await understood(bytes)).text)).toEqual({ op, ...body })
  })

  it('may be joined to others: a client reads each', async () => {
    const seen: string[] = []
    const collect = (data: RawData) => seen.push(JSON.parse(String(data)).op)
    client.on('message', collect)
    const frames = ['a', 'b', 'c'].map((name) => webSocketFormat.event(name, '{}'))
    await understood(Buffer.concat(frames))
    while (seen.length < 3) await once(client, 'message')
    client.off('message', collect)
    expect(seen).toEqual(['a', 'b', 'c'])
  })
})

describe('on a WebSocket', () => {
  it('a message is a frame of that name, with the text of the log in it', async () => {
    const entry = messageAt(at(1001), ['t:a'], { text: 'a\n"b"' })
    const { text } = await understood(webSocketFormat.entry(entry))
    expect(JSON.parse(text)).toEqual({ op: 'message', message: JSON.parse(entry.json) })
    expect(text).toContain(entry.json)
  })

  it('a forced resync says so and where', async () => {
    const { text } = await understood(webSocketFormat.entry(resyncAt(at(1001))))
    expect(JSON.parse(text)).toEqual({
      op: 'resync',
      reason: 'forced',
      cursor: `1001-0.${EPOCH}`,
    })
  })

  it('an event has its name before its fields, and may have none', async () => {
    expect((await understood(webSocketFormat.event('ok', '{"ref":"r"}'))).text).toBe(
      '{"op":"ok","ref":"r"}',
    )
    expect((await understood(webSocketFormat.event('ok', '{}'))).text).toBe('{"op":"ok"}')
  })
})
