// Server-Sent Events as bytes on the wire, for an EventSource and for `curl -N`.

import { describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { aheadOf, CURSOR, names, Scene } from './scene.js'
import { target, unique } from './target.js'

const server = target()

const opened = (
  { token }: { token: string },
  query: Record<string, string> = {},
  headers: Record<string, string> = {},
) => StreamClient.open(server.url, { token, query, headers })

describe('a stream', () => {
  it('has the headers that keep proxies from buffering and changing it', async () => {
    const stream = await opened(new Scene(server.url))
    const { statusCode, headers } = stream.response
    expect(statusCode).toBe(200)
    expect(headers['content-type']).toMatch(/^text\/event-stream(;|$)/)
    expect(headers['cache-control']).toBe('no-store, no-transform')
    expect(headers['x-accel-buffering']).toBe('no')
    expect(headers.etag).toBeUndefined()
    stream.close()
  })

  it('begins with `retry`, then `connected` with its cursor as id, at once', async () => {
    const scene = new Scene(server.url)
    const stream = await opened(scene, { topics: `${scene.topic}` })
    await stream.next('connected')
    const [retry, connected] = stream.events.all
    expect(retry).toMatchObject({ event: undefined, id: undefined, retry: expect.any(Number) })
    expect(retry?.retry).toBeGreaterThan(0)
    expect(connected?.event).toBe('connected')
    expect(connected?.id).toMatch(CURSOR)
    expect(connected?.id).toBe(connected?.data.cursor)
    stream.close()
  })

  it('is told what a WebSocket is told in `connected`', async () => {
    const scene = new Scene(server.url)
    const topics = [scene.topic, unique('t')]
    const socket = await SocketClient.connect(server.url, { token: scene.token, topics })
    const stream = await opened(scene, { topics: topics.join(',') })
    const { data } = await stream.next('connected')
    const { op, ...expected } = socket.connected
    expect(op).toBe('connected')
    expect(Object.keys(data).sort()).toEqual(Object.keys(expected).sort())
    const { connectionId, cursor } = data
    expect({ ...expected, connectionId, cursor }).toEqual(data)
    expect(connectionId).not.toBe(expected.connectionId)
    await socket.close()
    stream.close()
  })

  it('carries the very messages that a poll and a WebSocket carry', async () => {
    const scene = new Scene(server.url)
    const socket = await SocketClient.connect(server.url, { token: scene.token })
    const stream = await opened(scene)
    await stream.next('connected')
    const payload = { text: 'a\nb\r\n\u2028"é😀', list: [null, 1.5, { nested: true }] }
    await scene.admin.send({ type: 'test', payload, userId: scene.user })
    const { body } = await scene.api.poll()
    const { data } = await stream.next('message')
    expect(data.payload).toEqual(payload)
    expect(body.messages).toEqual([data])
    expect((await socket.next('message')).message).toEqual(data)
    await socket.close()
    stream.close()
  })

  it('names with every event that has a cursor the same as id', async () => {
    const scene = new Scene(server.url)
    const { cursor: since } = await scene.toUser('m1')
    await scene.toUser('m2')
    const stream = await opened(scene, { since })
    await scene.toUser('m3')
    await scene.force({ userId: scene.user })
    await scene.toUser('m4')
    await stream.events.next('the last', ({ data }) => data?.payload === 'm4')
    const events = stream.events.all.filter(({ data }) => data !== undefined)
    const named = ['connected', 'message', 'message', 'resync', 'message']
    expect(events.map(({ event }) => event)).toEqual(named)
    expect(events.map(({ id }) => id)).toEqual(events.map(({ data }) => data.cursor))
    stream.close()
  })
})

describe('where a stream starts', () => {
  it('is after Last-Event-ID, which wins over `since`', async () => {
    const scene = new Scene(server.url)
    const { cursor: first } = await scene.toUser('m1')
    const { cursor: second } = await scene.toUser('m2')
    await scene.toUser('m3')
    for (const since of [first, '0', 'now', aheadOf(first)]) {
      const stream = await opened(scene, { since }, { 'Last-Event-ID': second })
      const { data } = await stream.next('connected')
      expect(data.resync).toBe(false)
      expect((await stream.next('message')).data.payload).toBe('m3')
      stream.close()
    }
  })

  it('is told to be lost by a Last-Event-ID that is', async () => {
    const scene = new Scene(server.url)
    const { cursor: since } = await scene.toUser('m1')
    const stream = await opened(scene, { since }, { 'Last-Event-ID': aheadOf(since) })
    expect((await stream.next('connected')).data).toMatchObject({ resync: true, reason: 'epoch' })
    expect((await stream.next('message')).data.payload).toBe('m1')
    stream.close()
  })

  it('is now with neither', async () => {
    const scene = new Scene(server.url)
    await scene.toUser('before')
    const stream = await opened(scene)
    await stream.next('connected')
    await scene.toUser('after')
    expect((await stream.next('message')).data.payload).toBe('after')
    stream.close()
  })
})

describe('a request for a stream', () => {
  it.each(['/api/sync/stream', '/api/sync/poll'])('is no HEAD: 405 for %s', async (path) => {
    const api = new Api(server.url, `dev:${unique('u')}`)
    const { status, headers } = await api.request('HEAD', path)
    expect(status).toBe(405)
    expect(headers.get('content-type')).not.toMatch(/event-stream/)
  })

  it.each([
    ['an ill-formed topic', 'topics=*'],
    ['a topic with a space', 'topics=a%20b'],
    ['a topic of 201 characters', `topics=${'t'.repeat(201)}`],
    ['51 topics', `topics=${names('t', 51).join()}`],
    ['more than 4,096 bytes of topics', `topics=${names('t'.repeat(195), 22).join()}`],
    ['topics twice', 'topics=a&topics=b'],
    ['since twice', 'since=0&since=now'],
  ])('with %s is 400 invalid_request', async (_what, query) => {
    const api = new Api(server.url, `dev:${unique('u')}`)
    for (const route of ['stream', 'poll']) {
      const { status, body } = await api.request('GET', `/api/sync/${route}?${query}`)
      expect({ status, code: body.error?.code }).toEqual({ status: 400, code: 'invalid_request' })
    }
  })

  it('with a wrong token is 401, never a stream', async () => {
    const { status, body } = await new Api(server.url, 'wrong').request('GET', '/api/sync/stream')
    expect({ status, code: body.error.code }).toEqual({ status: 401, code: 'unauthorized' })
  })

  it('may name 50 topics', async () => {
    const scene = new Scene(server.url)
    const topics = [...names('t', 49), scene.topic]
    const stream = await opened(scene, { topics: topics.join() })
    const { data } = await stream.next('connected')
    expect([...data.topics].sort()).toEqual([...topics].sort())
    await scene.toTopic('m1')
    expect((await stream.next('message')).data.payload).toBe('m1')
    stream.close()
  })
})
