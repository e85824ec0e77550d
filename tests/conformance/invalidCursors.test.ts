// A `since` that is none is refused, on each transport in its own way, and never taken for another.

import { describe, expect, it } from '@jest/globals'
import { Api, queryString } from '../support/Api.js'
import { SocketClient } from '../support/SocketClient.js'
import { Scene } from './scene.js'
import { target, unique } from './target.js'

const server = target()

const INVALID_TEXTS = [
  '',
  'abc',
  'NOW',
  '-1',
  '1.5',
  '1e3',
  '$',
  '*',
  '>',
  '1763650000000-3',
  '1763650000000.k3f9q2',
  '-3.k3f9q2',
  '1763650000000-.k3f9q2',
  '1763650000000-3.k3f9q',
  '1763650000000-3.k3f9q2k3f9q2k3f9q',
  '1763650000000-3.K3F9Q2',
  '17636500000000000-3.k3f9q2',
  '1763650000000-123456789012345678901.k3f9q2',
  ' 1763650000000-3.k3f9q2',
  '1763650000000-3.k3f9q2\n',
  '1763650000000-3.k3f9q2x!',
]

const INVALID_VALUES = [-1, 1.5, true, null, {}, [], ['0']]

describe('a `since` that is none', () => {
  it.each(INVALID_TEXTS)('is 400 invalid_cursor to a poll: %j', async (since) => {
    const api = new Api(server.url, `dev:${unique('u')}`)
    for (const wait of [0, 20]) {
      const { status, body } = await api.poll({ since, wait })
      expect({ status, code: body.error?.code }).toEqual({ status: 400, code: 'invalid_cursor' })
      expect(body.success).toBe(false)
    }
  })

  it.each(INVALID_TEXTS)('is 400 invalid_cursor to a stream: %j', async (since) => {
    const api = new Api(server.url, `dev:${unique('u')}`)
    const path = `/api/sync/stream${queryString({ since })}`
    const { status, body } = await api.request('GET', path)
    expect({ status, code: body.error?.code }).toEqual({ status: 400, code: 'invalid_cursor' })
  })

  it.each(['abc', '-1', '1763650000000-3', '1763650000000-3.K3F9Q2'])(
    'is 400 invalid_cursor as a Last-Event-ID: %j',
    async (lastEventId) => {
      const api = new Api(server.url, `dev:${unique('u')}`)
      const headers = { 'Last-Event-ID': lastEventId }
      const { status, body } = await api.request('GET', '/api/sync/stream', { headers })
      expect({ status, code: body.error?.code }).toEqual({ status: 400, code: 'invalid_cursor' })
    },
  )

  it.each([...INVALID_TEXTS, ...INVALID_VALUES].map((since) => [since]))(
    'is `error` invalid_cursor and 4400 to a connect: %j',
    async (since) => {
      const client = new SocketClient(server.url)
      await client.opened()
      client.send({ op: 'connect', token: `dev:${unique('u')}`, since })
      expect((await client.closed).code).toBe(4400)
      expect(client.frames.all).toEqual([expect.objectContaining({ op: 'error' })])
      expect(client.frames.all[0].code).toBe('invalid_cursor')
    },
  )

  it('is `error` invalid_cursor to a subscribe, which then adds nothing', async () => {
    const scene = new Scene(server.url)
    const client = await SocketClient.connect(server.url, { token: scene.token })
    for (const since of [...INVALID_TEXTS, ...INVALID_VALUES]) {
      const answer = await client.ask({ op: 'subscribe', topics: [scene.topic], since })
      expect(answer).toMatchObject({ op: 'error', code: 'invalid_cursor' })
    }
    await scene.toTopic('unheard')
    await scene.toUser('end')
    expect((await client.next('message')).message.payload).toBe('end')
    await client.close()
  })
})

describe('a `since` in a JSON frame', () => {
  it.each([
    ['0', 0],
    ['"0"', '0'],
  ])('may be %s: everything retained', async (_form, since) => {
    const scene = new Scene(server.url)
    await scene.toUser('m1')
    await scene.toTopic('m2')
    const client = await SocketClient.connect(server.url, { token: scene.token, since })
    expect(client.connected.resync).toBe(false)
    expect((await client.next('message')).message.payload).toBe('m1')
    await client.ask({ op: 'subscribe', topics: [scene.topic], since })
    expect(client.frames.all).toContainEqual(
      expect.objectContaining({
        catchup: true,
        message: expect.objectContaining({ payload: 'm2' }),
      }),
    )
    await client.close()
  })

  it.each([
    ['an integer', Number],
    ['a string', String],
  ])('may be a timestamp as %s', async (_form, written) => {
    const scene = new Scene(server.url)
    const { timestamp } = await scene.toUser('m1')
    const since = written(timestamp - 1)
    const replayed = await SocketClient.connect(server.url, { token: scene.token, since })
    expect((await replayed.next('message')).message.payload).toBe('m1')
    await replayed.close()
    const ahead = written(timestamp + 3_600_000)
    const live = await SocketClient.connect(server.url, { token: scene.token, since: ahead })
    await scene.toUser('m2')
    expect((await live.next('message')).message.payload).toBe('m2')
    await live.close()
  })
})
