// "A forced resync is an entry of the log": in order, for its audience, told once.

import { describe, expect, it } from '@jest/globals'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { isForward, transports } from './reader.js'
import { CURSOR, KEPT, names, Scene } from './scene.js'
import { target, unique } from './target.js'

const server = target()

const audiences: [string, (scene: Scene) => object][] = [
  ['its user', ({ user }) => ({ userId: user })],
  ['its role', ({ role }) => ({ roles: [role] })],
  ['its topic', ({ topic }) => ({ topics: [topic] })],
]

describe.each(transports)('a reader over $name', ({ open }) => {
  it.each(audiences)('hears live, in order, what is forced on %s', async (_kind, audienceOf) => {
    const scene = new Scene(server.url)
    const reader = await open(server.url, {
      token: scene.token,
      topics: [scene.topic],
      since: await scene.cursorNow(),
    })
    await scene.toUser('m1')
    await reader.until('m1')
    await scene.force(audienceOf(scene))
    await reader.until('resync:forced')
    await scene.toUser('m2')
    expect(await reader.until('m2')).toEqual(['m1', 'resync:forced', 'm2'])
    expect(isForward(reader.cursors)).toBe(true)
    await reader.close()
  })

  it('that reads across it is told once, without rewinding', async () => {
    const scene = new Scene(server.url)
    const { cursor: since } = await scene.toUser('m1')
    await scene.toUser('m2')
    await scene.force({ userId: scene.user })
    await scene.toUser('m3')
    const reader = await open(server.url, { token: scene.token, since })
    await scene.toUser('m4')
    expect(await reader.until('m4')).toEqual(['resync:forced', 'm2', 'm3', 'm4'])
    expect(isForward(reader.cursors)).toBe(true)
    await reader.close()
    await scene.toUser('m5')
    const again = await open(server.url, { token: scene.token, since: reader.cursor })
    expect(await again.until('m5')).toEqual(['m5'])
    await again.close()
  })

  it('that starts at `0` or `now` is not told of an earlier one', async () => {
    const scene = new Scene(server.url)
    await scene.toUser('m1')
    await scene.force({ userId: scene.user })
    await scene.toUser('m2')
    const oldest = await open(server.url, { token: scene.token, since: '0' })
    const head = await open(server.url, { token: scene.token, since: 'now' })
    await scene.toUser('m3')
    expect(await oldest.until('m3')).toEqual(['m1', 'm2', 'm3'])
    expect(await head.until('m3')).toEqual(['m3'])
    await oldest.close()
    await head.close()
  })

  it('with a bare timestamp is not told of one: the marks alone judge it', async () => {
    const scene = new Scene(server.url)
    const { timestamp } = await scene.toUser('m1')
    await scene.force({ userId: scene.user })
    await scene.toUser('m2')
    const reader = await open(server.url, { token: scene.token, since: String(timestamp - 1) })
    await scene.toUser('m3')
    expect(await reader.until('m3')).toEqual(['m1', 'm2', 'm3'])
    await reader.close()
  })

  it('is not told of one that is forced on others', async () => {
    const scene = new Scene(server.url)
    const reading = { token: scene.token, topics: [scene.topic] }
    const since = await scene.cursorNow()
    const live = await open(server.url, { ...reading, since })
    await scene.force({ userId: unique('u') })
    await scene.force({ roles: [unique('r')] })
    await scene.force({ topics: [unique('t')] })
    await scene.toUser('end')
    const late = await open(server.url, { ...reading, since })
    expect(await live.until('end')).toEqual(['end'])
    expect(await late.until('end')).toEqual(['end'])
    await live.close()
    await late.close()
  })
})

describe('a forced resync', () => {
  it('stands between the messages around it on every stream', async () => {
    const scene = new Scene(server.url)
    const since = await scene.cursorNow()
    const streams = transports.filter(({ name }) => name === 'WebSocket' || name === 'SSE')
    const readers = await Promise.all(
      streams.map(({ open }) => open(server.url, { token: scene.token, since })),
    )
    const expected: string[] = []
    for (const name of names('m', 20)) {
      await scene.toUser(name)
      await scene.force({ userId: scene.user })
      expected.push(name, 'resync:forced')
    }
    await scene.toUser('end')
    for (const reader of readers) {
      expect(await reader.until('end')).toEqual([...expected, 'end'])
      await reader.close()
    }
  })

  it('moves a connection to its own place in the log', async () => {
    const scene = new Scene(server.url)
    const socket = await SocketClient.connect(server.url, { token: scene.token })
    const stream = await StreamClient.open(server.url, { token: scene.token })
    await stream.next('connected')
    const { cursor } = await scene.force({ userId: scene.user })
    expect(cursor).toMatch(CURSOR)
    expect(await socket.next('resync')).toEqual({ op: 'resync', reason: 'forced', cursor })
    const { id, data } = await stream.next('resync')
    expect({ id, data }).toEqual({ id: cursor, data: { reason: 'forced', cursor } })
    await socket.close()
    stream.close()
  })

  it('is no message', async () => {
    const scene = new Scene(server.url)
    const { cursor: since } = await scene.toUser('m1')
    await scene.force({ userId: scene.user })
    const { body } = await scene.api.poll({ since })
    expect(body).toMatchObject({ resync: true, reason: 'forced', messages: [], count: 0 })
    const next = await scene.api.poll({ since: body.cursor })
    expect(next.body).toMatchObject({ resync: false, messages: [] })
  })

  it('is told once to a client that pages across it', async () => {
    const scene = new Scene(server.url)
    let { cursor } = await scene.toUser('m1')
    await scene.toUser('m2')
    await scene.force({ userId: scene.user })
    await scene.toUser('m3')
    await scene.toUser('m4')
    const reasons: string[] = []
    const heard: string[] = []
    for (let hasMore = true; hasMore; ) {
      const { body } = await scene.api.poll({ since: cursor, limit: 1 })
      if (body.resync) reasons.push(body.reason)
      heard.push(...body.messages.map(({ payload }: { payload: string }) => payload))
      cursor = body.cursor
      hasMore = body.hasMore
    }
    expect(heard).toEqual(['m2', 'm3', 'm4'])
    expect(reasons).toEqual(['forced'])
  })

  it('is told to a client that began at `0` and has had a cursor since', async () => {
    const scene = new Scene(server.url)
    await scene.toUser('m1')
    await scene.toUser('m2')
    await scene.force({ userId: scene.user })
    await scene.toUser('m3')
    const first = await scene.api.poll({ since: '0', limit: 1 })
    expect(first.body).toMatchObject({ resync: false, messages: [{ payload: 'm1' }] })
    const second = await scene.api.poll({ since: first.body.cursor })
    expect(second.body).toMatchObject({ resync: true, reason: 'forced' })
    expect(second.body.messages).toMatchObject([{ payload: 'm2' }, { payload: 'm3' }])
  })

  it('wakes a held poll', async () => {
    const scene = new Scene(server.url)
    const wellBeforeTheWaitEnds = AbortSignal.timeout(10_000)
    const since = await scene.cursorNow()
    const held = scene.api.poll({ since, wait: 25 }, wellBeforeTheWaitEnds)
    // Told also if it comes before the poll is held: then the poll reads across it.
    await scene.force({ userId: scene.user })
    expect((await held).body).toMatchObject({ resync: true, reason: 'forced', messages: [] })
  })

  it('counts as an entry of its audience', async () => {
    const scene = new Scene(server.url)
    const reading = { topics: scene.topic, limit: KEPT }
    const since = await scene.cursorNow()
    await scene.force({ topics: [scene.topic] })
    await scene.fill('m', KEPT - 1, { topics: [scene.topic] })
    const full = await scene.api.poll({ ...reading, since })
    expect(full.body).toMatchObject({ resync: true, reason: 'forced', count: KEPT - 1 })
    await scene.toTopic('one more')
    const evicted = await scene.api.poll({ ...reading, since })
    expect(evicted.body).toMatchObject({ resync: true, reason: 'evicted', count: KEPT })
  })

  it('goes by default to the connections of the caller, and counts them', async () => {
    const scene = new Scene(server.url)
    const connections = [
      await SocketClient.connect(server.url, { token: scene.token }),
      await SocketClient.connect(server.url, { token: scene.token }),
    ]
    const bystander = await SocketClient.connect(server.url, { token: `dev:${unique('u')}` })
    const { status, body } = await scene.api.force()
    expect({ status, body }).toEqual({
      status: 202,
      body: { success: true, cursor: expect.stringMatching(CURSOR), recipients: 2 },
    })
    for (const connection of connections) await connection.next('resync')
    await scene.send('end', { userId: bystander.connected.userId })
    await bystander.next('message')
    expect(bystander.frames.all.map(({ op }) => op)).toEqual(['connected', 'message'])
    for (const connection of [...connections, bystander]) await connection.close()
  })
})
