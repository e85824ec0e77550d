// The frames of a WebSocket: which end it, which get an error, and how an answer finds its frame.

import type { Socket } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { type Frame, SocketClient } from '../support/SocketClient.js'
import { names } from './scene.js'
import { target, unique } from './target.js'

const server = target()

const MAX_PAYLOAD = 65_536

const connected = () => SocketClient.connect(server.url, { token: `dev:${unique('u')}` })

async function opened(): Promise<SocketClient> {
  const client = new SocketClient(server.url)
  await client.opened()
  return client
}

const BAD_FRAMES: [string, string | Buffer][] = [
  ['bytes', Buffer.from('{"op":"ping","ref":1}')],
  ['no JSON', 'ping'],
  ['nothing', ''],
  ['half an object', '{"op":"ping"'],
  ['an array', '[{"op":"ping"}]'],
  ['null', 'null'],
  ['a string', '"ping"'],
  ['a number', '1'],
  ['an object without op', '{"ref":1}'],
  ['an op that is no string', '{"op":1}'],
  ['an op that is null', '{"op":null}'],
]

describe('a frame that is none', () => {
  it.each(BAD_FRAMES)('ends a connection with 4500: %s', async (_what, frame) => {
    const client = await connected()
    client.send(frame)
    expect((await client.closed).code).toBe(4500)
  })

  it.each([
    ...BAD_FRAMES,
    ['another op', '{"op":"ping","ref":1}'] as [string, string],
    ['a subscribe', '{"op":"subscribe","topics":["t"]}'] as [string, string],
    ['an unknown op', '{"op":"hello"}'] as [string, string],
  ])('ends a socket with 4500 where it comes before `connect`: %s', async (_what, frame) => {
    const client = await opened()
    client.send(frame)
    expect((await client.closed).code).toBe(4500)
    expect(client.frames.all.map(({ op }) => op)).not.toContain('connected')
  })

  it('is also a second `connect`', async () => {
    const client = await connected()
    client.send({ op: 'connect' })
    expect((await client.closed).code).toBe(4500)
  })
})

describe('an error', () => {
  it.each(['hello', 'connected', 'message', 'constructor', '__proto__', 'toString'])(
    'answers an op that is unknown, and the connection stays: %j',
    async (op) => {
      const client = await connected()
      expect(await client.ask({ op })).toMatchObject({ op: 'error', message: expect.any(String) })
      expect(await client.ask({ op: 'ping' })).toMatchObject({ op: 'ok' })
      await client.close()
    },
  )

  it.each([
    { op: 'subscribe' },
    { op: 'subscribe', topics: 'topic' },
    { op: 'subscribe', topics: ['*'] },
    { op: 'subscribe', topics: [1] },
    { op: 'unsubscribe' },
    { op: 'unsubscribe', topics: 'topic' },
    { op: 'send' },
    { op: 'refresh' },
    { op: 'refresh', token: 1 },
  ])('answers a known op used wrongly, and the connection stays: %j', async (frame) => {
    const client = await connected()
    expect(await client.ask(frame)).toMatchObject({ op: 'error', code: 'invalid_request' })
    expect(await client.ask({ op: 'ping' })).toMatchObject({ op: 'ok' })
    await client.close()
  })

  it('comes without `ref` where there was none', async () => {
    const client = await connected()
    client.send({ op: 'hello' })
    const unknown = await client.next('error')
    client.send({ op: 'subscribe', topics: ['*'] })
    const misused = await client.next('error')
    client.send({ op: 'send', message: { type: 1 } })
    const bad = await client.next('error')
    expect([misused.code, bad.code]).toEqual(['invalid_request', 'invalid_message'])
    expect([unknown, misused, bad].some((error) => 'ref' in error)).toBe(false)
    await client.close()
  })

  it('answers a frame that is too large, and the connection stays', async () => {
    const client = await connected()
    const empty = JSON.stringify({ op: 'ping', ref: 1, pad: '' })
    const ofSize = (bytes: number) =>
      JSON.stringify({ op: 'ping', ref: 1, pad: 'x'.repeat(bytes - empty.length) })
    client.send(ofSize(MAX_PAYLOAD))
    expect(await client.next('ok')).toMatchObject({ ref: 1 })
    client.send(ofSize(MAX_PAYLOAD + 1))
    expect(await client.next('error')).toMatchObject({ code: 'too_large' })
    expect(await client.ask({ op: 'ping' })).toMatchObject({ op: 'ok' })
    await client.close()
  })

  it('counts bytes, not characters', async () => {
    const client = await connected()
    client.send(JSON.stringify({ op: 'ping', ref: 1, pad: '€'.repeat(MAX_PAYLOAD / 3) }))
    expect(await client.next('error')).toMatchObject({ code: 'too_large' })
    await client.close()
  })
})

it('closes with 1009 on a frame that is far too large', async () => {
  const client = await connected()
  client.send(JSON.stringify({ op: 'ping', pad: 'x'.repeat(64 * MAX_PAYLOAD) }))
  expect((await client.closed).code).toBe(1009)
})

describe('a `ref`', () => {
  it.each([0, 1, -1, Number.MAX_SAFE_INTEGER, '', 'r', '1', 'x'.repeat(64), 'é☃'])(
    'comes back as it is: %j',
    async (ref) => {
      const client = await connected()
      client.send({ op: 'ping', ref })
      expect(await client.next('ok')).toEqual({ op: 'ok', ref })
      client.send({ op: 'hello', ref })
      expect(await client.next('error')).toMatchObject({ ref })
      await client.close()
    },
  )

  it.each([['x'.repeat(65)], [1.5], [true], [{}], [[]]])(
    'that is none is invalid_request: %j',
    async (ref) => {
      const client = await connected()
      client.send({ op: 'ping', ref })
      expect(await client.next('error')).toMatchObject({ code: 'invalid_request' })
      await client.close()
    },
  )

  it('is needed for an answer: without it only errors are told', async () => {
    const client = await connected()
    const message = { type: 'test', payload: 'm1' }
    client.send({ op: 'subscribe', topics: [unique('t')] })
    client.send({ op: 'unsubscribe', topics: [unique('t')] })
    client.send({ op: 'send', message })
    await client.next('message')
    client.send({ op: 'ping', ref: 'end' })
    await client.next('ok')
    const answers = client.frames.all.filter(({ op }) => op === 'ok' || op === 'error')
    expect(answers).toEqual([{ op: 'ok', ref: 'end' }])
    await client.close()
  })
})

describe('frames sent before `connected`', () => {
  /** Sends all in one write, so that none of them can arrive after `connected` went out. */
  async function openedWith(frames: readonly object[]): Promise<SocketClient> {
    const client = new SocketClient(server.url)
    const upgraded = new Promise<Socket>((resolve) => {
      client.socket.on('upgrade', ({ socket }) => resolve(socket))
    })
    await client.opened()
    const socket = await upgraded
    socket.cork()
    client.send({ op: 'connect', token: `dev:${unique('u')}` })
    for (const frame of frames) client.send(frame)
    socket.uncork()
    return client
  }

  it('run in order after it, up to 16', async () => {
    const all = names('m', 16)
    const client = await openedWith(
      all.map((payload) => ({ op: 'send', ref: payload, message: { type: 'test', payload } })),
    )
    const heard: Frame[] = []
    while (heard.length < 16) heard.push(await client.next('message'))
    expect(client.frames.all[0].op).toBe('connected')
    expect(heard.map(({ message }) => message.payload)).toEqual(all)
    await client.ask({ op: 'ping' })
    for (const ref of all) {
      expect(client.frames.all).toContainEqual(expect.objectContaining({ op: 'ok', ref }))
    }
    await client.close()
  })

  it('end the socket with 4429 where they are more', async () => {
    const client = await openedWith(Array.from({ length: 17 }, (_, ref) => ({ op: 'ping', ref })))
    expect((await client.closed).code).toBe(4429)
  })
})
