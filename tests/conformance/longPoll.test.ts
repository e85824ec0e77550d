// A poll that is held: a connection that lives for one delivery.

import { describe, expect, it } from '@jest/globals'
import { Api, queryString } from '../support/Api.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { waitFor } from '../support/waitFor.js'
import { CURSOR, names, Scene } from './scene.js'
import { target, unique } from './target.js'

const server = target()

/** How many connections a message to this user reaches now. */
async function reached({ admin, user }: Scene): Promise<number> {
  return (await admin.broadcast({ type: 'probe', userId: user })).body.recipients
}

/** A poll that is held when this resolves: the server counts one more. */
async function heldPoll(scene: Scene, { since, signal }: { since?: string; signal?: AbortSignal }) {
  const heldBefore = (await scene.admin.status()).body.connections.longPoll
  const query = { since: since ?? (await scene.cursorNow()), wait: 25, topics: scene.topic }
  const answer = scene.api.poll(query, signal)
  await waitFor('the poll to be held', async () => {
    const { connections } = (await scene.admin.status()).body
    return connections.longPoll > heldBefore
  })
  return { answer }
}

describe('a held poll', () => {
  it.each([
    ['its user', (scene: Scene) => scene.toUser('m1')],
    ['its role', (scene: Scene) => scene.toRole('m1')],
    ['its topic', (scene: Scene) => scene.toTopic('m1')],
  ])('wakes with a message for %s', async (_whom, publish) => {
    const scene = new Scene(server.url)
    const { answer } = await heldPoll(scene, { signal: AbortSignal.timeout(10_000) })
    const { messageId, cursor } = await publish(scene)
    const { status, body } = await answer
    expect(status).toBe(200)
    expect(body).toMatchObject({
      success: true,
      messages: [{ id: messageId, payload: 'm1' }],
      count: 1,
      hasMore: false,
      resync: false,
    })
    const next = await scene.api.poll({ since: body.cursor, topics: scene.topic })
    expect(next.body.messages).toEqual([])
    expect((await scene.api.poll({ since: cursor })).body.messages).toEqual([])
  })

  it('sleeps on through what is for others', async () => {
    const scene = new Scene(server.url)
    const { answer } = await heldPoll(scene, {})
    await scene.send('other user', { userId: unique('u') })
    await scene.send('other role', { roles: [unique('r')] })
    await scene.send('other topic', { topics: [unique('t')] })
    await scene.force({ userId: unique('u') })
    await scene.toUser('mine')
    const { body } = await answer
    expect(body).toMatchObject({ resync: false, count: 1, messages: [{ payload: 'mine' }] })
  })

  it('is answered at once where something is there already', async () => {
    const scene = new Scene(server.url)
    await scene.toUser('m1')
    const { body } = await scene.api.poll({ since: '0', wait: 25 }, AbortSignal.timeout(10_000))
    expect(body.messages).toMatchObject([{ payload: 'm1' }])
  })

  it('ends after its wait with a cursor from which nothing is missed', async () => {
    const scene = new Scene(server.url)
    const since = await scene.cursorNow()
    const startedAt = performance.now()
    const { status, body } = await scene.api.poll({ since, wait: 1 })
    const waitedMs = performance.now() - startedAt
    expect(status).toBe(200)
    expect(body).toMatchObject({ messages: [], count: 0, hasMore: false, resync: false })
    expect(body.cursor).toMatch(CURSOR)
    expect(waitedMs).toBeGreaterThan(950)
    expect(waitedMs).toBeLessThan(5000)
    await scene.toUser('m1')
    const next = await scene.api.poll({ since: body.cursor })
    expect(next.body).toMatchObject({ resync: false, messages: [{ payload: 'm1' }] })
  })

  it('misses nothing that is published while it is being asked', async () => {
    const scene = new Scene(server.url)
    let since = await scene.cursorNow()
    const all = names('m', 60)
    const heard: string[] = []
    const publishing = (async () => {
      for (const name of all) await scene.toUser(name)
    })()
    while (heard.length < all.length) {
      const { body } = await scene.api.poll({ since, wait: 25 }, AbortSignal.timeout(10_000))
      heard.push(...body.messages.map(({ payload }: { payload: string }) => payload))
      since = body.cursor
    }
    await publishing
    expect(heard).toEqual(all)
  })

  it('that started at `now` wakes with a message and is never told of a forced resync', async () => {
    const scene = new Scene(server.url)
    const signal = AbortSignal.timeout(10_000)
    const { answer } = await heldPoll(scene, { since: 'now', signal })
    await scene.force({ userId: scene.user })
    await scene.toUser('m1')
    expect((await answer).body).toMatchObject({ resync: false, messages: [{ payload: 'm1' }] })
  })
})

describe('the parameters of a poll', () => {
  it.each(['-1', '26', '25.1', '1e9', 'abc', '', 'Infinity', '0x10', ' 1'])(
    'are refused with 400 invalid_request: wait=%j',
    async (wait) => {
      const { status, body } = await new Api(server.url, `dev:${unique('u')}`).poll({ wait })
      expect({ status, code: body.error?.code }).toEqual({ status: 400, code: 'invalid_request' })
    },
  )

  it.each(['0', '-1', '1001', '1.5', 'abc', '', '1e2', '0x10'])(
    'are refused with 400 invalid_request: limit=%j',
    async (limit) => {
      const { status, body } = await new Api(server.url, `dev:${unique('u')}`).poll({ limit })
      expect({ status, code: body.error?.code }).toEqual({ status: 400, code: 'invalid_request' })
    },
  )

  it.each(['since', 'wait', 'limit', 'topics'])(
    'are refused where given twice: %s',
    async (name) => {
      const value = name === 'topics' ? 't' : '1'
      const path = `/api/sync/poll${queryString({ [name]: [value, value] })}`
      const { status, body } = await new Api(server.url, `dev:${unique('u')}`).request('GET', path)
      expect({ status, code: body.error?.code }).toEqual({ status: 400, code: 'invalid_request' })
    },
  )

  it('may be at their bounds', async () => {
    const scene = new Scene(server.url)
    await scene.toUser('m1')
    for (const bounds of [
      { wait: 0, limit: 1 },
      { wait: 25, limit: 1000 },
    ]) {
      const { status, body } = await scene.api.poll({ since: '0', ...bounds })
      expect({ status, count: body.count }).toEqual({ status: 200, count: 1 })
    }
  })
})

describe('the place of a held poll', () => {
  it('is counted, and given back when it is aborted', async () => {
    const scene = new Scene(server.url)
    const held = async () => (await scene.admin.status()).body.connections.longPoll as number
    const before = await held()
    const leaving = new AbortController()
    const query = { since: await scene.cursorNow(), wait: 25 }
    const polls = [1, 2, 3].map(() => scene.api.poll(query, leaving.signal).catch(() => 'gone'))
    await waitFor('three more held polls', async () => (await held()) >= before + 3)
    leaving.abort()
    expect(await Promise.all(polls)).toEqual(['gone', 'gone', 'gone'])
    await waitFor('their places to be free', async () => (await held()) <= before)
    expect(await reached(scene)).toBe(0)
  })

  it('is given back when it is answered', async () => {
    const scene = new Scene(server.url)
    const { answer } = await heldPoll(scene, {})
    expect(await reached(scene)).toBe(1)
    await answer
    expect(await reached(scene)).toBe(0)
  })
})

describe('the recipients of a message', () => {
  it('are the connections of every transport, held polls included', async () => {
    const scene = new Scene(server.url)
    const reading = { token: scene.token, topics: [scene.topic] }
    const socket = await SocketClient.connect(server.url, reading)
    const query = { topics: scene.topic }
    const stream = await StreamClient.open(server.url, { token: scene.token, query })
    await stream.next('connected')
    const { answer } = await heldPoll(scene, {})
    const bystander = await SocketClient.connect(server.url, { token: `dev:${unique('u')}` })
    const { status, body } = await scene.admin.broadcast({ type: 'test', topics: [scene.topic] })
    expect({ status, recipients: body.recipients }).toEqual({ status: 201, recipients: 3 })
    expect((await answer).body.count).toBe(1)
    await socket.close()
    await bystander.close()
    stream.close()
  })

  it('are counted once each, whatever it reaches them by', async () => {
    const scene = new Scene(server.url)
    const topics = [scene.topic, unique('t')]
    const socket = await SocketClient.connect(server.url, { token: scene.token, topics })
    const { body } = await scene.admin.broadcast({ type: 'test', topics })
    expect(body.recipients).toBe(1)
    await socket.close()
  })

  it('are no interval pollers', async () => {
    const scene = new Scene(server.url)
    const { body } = await scene.api.poll({ since: 'now' })
    expect(await reached(scene)).toBe(0)
    expect((await scene.api.poll({ since: body.cursor })).body.count).toBe(1)
    expect(await reached(scene)).toBe(0)
  })

  it('of a forced resync include held polls', async () => {
    const scene = new Scene(server.url)
    const { answer } = await heldPoll(scene, {})
    expect((await scene.force({ userId: scene.user })).recipients).toBe(1)
    expect((await answer).body).toMatchObject({ resync: true, reason: 'forced' })
  })
})
