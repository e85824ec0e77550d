// Several nodes are one server: what is published on one reaches everybody, in one order, by
// cursors that mean the same everywhere.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { Api } from '../../support/Api.js'
import { closeOpenClients } from '../../support/openClients.js'
import { RedisServer } from '../../support/RedisServer.js'
import { SocketClient } from '../../support/SocketClient.js'
import { StreamClient } from '../../support/StreamClient.js'
import { waitFor } from '../../support/waitFor.js'
import { Nodes, type TestNode } from './Nodes.js'

let redis: RedisServer
let nodes: Nodes
let a: TestNode
let b: TestNode

beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis.stop())
beforeEach(async () => {
  nodes = new Nodes(redis)
  ;[a, b] = (await nodes.startSeveral(2)) as [TestNode, TestNode]
})
afterEach(async () => {
  await closeOpenClients()
  await nodes.close()
})

const publish = (node: TestNode, n: number) =>
  node.server.publish({ type: 'test', payload: n, userId: 'ann' })
const ann = (node: TestNode) => new Api(node.url, 'dev:ann')
const numbers = (messages: readonly { payload: unknown }[]) =>
  messages.map(({ payload }) => payload)

describe('two nodes', () => {
  it('deliver what is published on either to every transport of both, in one order', async () => {
    const sockets = await Promise.all(
      [a, b].map(({ url }) => SocketClient.connect(url, { token: 'dev:ann' })),
    )
    const streams = await Promise.all(
      [a, b].map(({ url }) => StreamClient.open(url, { token: 'dev:ann' })),
    )
    for (const stream of streams) await stream.next('connected')
    const sent = Array.from({ length: 40 }, (_, n) => publish(n % 2 === 0 ? a : b, n))
    const inOrder = (await Promise.all(sent))
      .map(({ messageId, cursor }) => ({ messageId, cursor }))
      .toSorted((one, other) => orderOf(one.cursor) - orderOf(other.cursor))
      .map(({ messageId }) => messageId)
    const polled = (await ann(b).poll({ limit: 1000 })).body.messages
    expect(polled.map(({ id }: { id: string }) => id)).toEqual(inOrder)
    await waitFor('all on the sockets', () => sockets.every((s) => s.messages.length === 40))
    const streamed = (stream: StreamClient) =>
      stream.events.all.filter(({ event }) => event === 'message').map(({ data }) => data)
    await waitFor('all on the streams', () => streams.every((s) => streamed(s).length === 40))
    for (const messages of [...sockets.map((s) => s.messages), ...streams.map(streamed)]) {
      expect(messages).toEqual(polled)
    }
  })

  it('take a cursor of each other, on every transport, without a resync', async () => {
    const { cursor } = await publish(a, 1)
    await publish(b, 2)
    const { body } = await ann(b).poll({ since: cursor })
    expect([numbers(body.messages), body.resync]).toEqual([[2], false])
    const socket = await SocketClient.connect(b.url, { token: 'dev:ann', since: cursor })
    expect(socket.connected.resync).toBe(false)
    await socket.next('message')
    expect(numbers(socket.messages)).toEqual([2])
  })

  it('publish one message for a key that both are given at once', async () => {
    const body = { type: 'test', payload: 'once' }
    for (let round = 0; round < 20; round += 1) {
      const answers = await Promise.all(
        [a, b].map((node) => ann(node).send(body, { 'Idempotency-Key': `k${round}` })),
      )
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 201])
      expect(new Set(answers.map(({ body: { cursor } }) => cursor)).size).toBe(1)
    }
    expect((await ann(a).poll()).body.count).toBe(20)
  })

  it('count the connections that a broadcast reaches on all of them', async () => {
    await SocketClient.connect(a.url, { token: 'dev:ann' })
    await SocketClient.connect(b.url, { token: 'dev:ann' })
    const held = ann(b).poll({ since: 'now', wait: 20 })
    await waitFor('the poll', () => connectionsOf(b) === 2)
    const { body } = await new Api(a.url).broadcast({ type: 'test' })
    expect(body).toMatchObject({ recipients: 3 })
    expect(body).not.toHaveProperty('recipientsPartial')
    expect((await held).body.count).toBe(1)
    const toEach = { type: 'test', userIds: ['ann', 'bob'] }
    expect((await new Api(b.url).broadcast(toEach)).body).toMatchObject({ recipients: 2 })
    expect((await new Api(b.url).force({ everyone: true })).body).toMatchObject({ recipients: 2 })
  })

  it('say that the count is partial where one does not answer', async () => {
    await SocketClient.connect(a.url, { token: 'dev:ann' })
    await SocketClient.connect(b.url, { token: 'dev:ann' })
    b.link.set({ isDead: true })
    const { status, body } = await new Api(a.url).broadcast({ type: 'test' })
    expect([status, body.recipients, body.recipientsPartial]).toEqual([201, 1, true])
  })

  it('are told apart by their prefix', async () => {
    const others = new Nodes(redis)
    try {
      const other = await others.start()
      await publish(a, 1)
      await publish(other, 2)
      expect(numbers((await ann(other).poll()).body.messages)).toEqual([2])
      expect(numbers((await ann(a).poll()).body.messages)).toEqual([1])
    } finally {
      await others.close()
    }
  })
})

describe('a node that is behind', () => {
  const BEHIND_MS = 500

  beforeEach(() => b.link.set({ delayMs: BEHIND_MS }, ['back']))

  it('waits for a cursor that it has yet to see, on every transport', async () => {
    const { cursor } = await publish(a, 1)
    const [poll, socket, stream] = await Promise.all([
      ann(b).poll({ since: cursor }),
      SocketClient.connect(b.url, { token: 'dev:ann', since: cursor }),
      StreamClient.open(b.url, { token: 'dev:ann', query: { since: cursor } }),
    ])
    expect(poll.body).toMatchObject({ resync: false, cursor, messages: [] })
    expect(socket.connected).toMatchObject({ resync: false, cursor })
    expect((await stream.next('connected')).data).toMatchObject({ resync: false, cursor })
  })

  it('waits for it in a subscription, and misses nothing that comes after', async () => {
    const socket = await SocketClient.connect(b.url, { token: 'dev:ann' })
    const { cursor } = await a.server.publish({ type: 'test', payload: 1, topics: ['public:t'] })
    const asked = socket.ask({ op: 'subscribe', topics: ['public:t'], since: cursor })
    await a.server.publish({ type: 'test', payload: 2, topics: ['public:t'] })
    expect(await asked).toMatchObject({ op: 'ok', resync: false })
    await socket.next('message')
    expect(numbers(socket.messages)).toEqual([2])
  })

  it('says at once of a cursor that is ahead of the log itself that it is of another', async () => {
    const { cursor } = await publish(a, 1)
    const [ms, rest] = cursor.split('-')
    const ahead = `${Number(ms) + 60_000}-${rest}`
    const { body } = await ann(b).poll({ since: ahead })
    expect(body).toMatchObject({ resync: true, reason: 'epoch' })
  })

  it('asks to try again where it does not come in time, rather than tell a gap that is none', async () => {
    const { cursor } = await publish(a, 1)
    b.link.set({ isDead: true })
    const socket = new SocketClient(b.url)
    await socket.opened()
    socket.send({ op: 'connect', token: 'dev:ann', since: cursor })
    const { status, body, headers } = await ann(b).poll({ since: cursor })
    expect([status, body.error.code, headers.get('retry-after')]).toEqual([503, 'unavailable', '1'])
    expect(await socket.closed).toMatchObject({ code: 1013 })
  })
})

describe('a node that starts later', () => {
  it('has what is retained, with its cursors, and counts as a node', async () => {
    const cursors = []
    for (let n = 1; n <= 3; n += 1) cursors.push((await publish(a, n)).cursor)
    const c = await nodes.start()
    const { body } = await ann(c).poll({ since: cursors[0] as string })
    expect([numbers(body.messages), body.resync]).toEqual([[2, 3], false])
    expect(body.cursor).toBe(cursors[2])
    await nodes.knowEachOther()
  })

  it('lets messages expire when they are as old as on the others', async () => {
    const others = new Nodes(redis)
    try {
      const early = await others.start({ messageTtlMs: 1500 })
      await publish(early, 1)
      const publishedAt = performance.now()
      const late = await others.start({ messageTtlMs: 60_000 })
      expect(numbers((await ann(late).poll()).body.messages)).toEqual([1])
      const third = await others.start({ messageTtlMs: 1500 })
      await waitFor('it to expire', async () => (await ann(third).poll()).body.count === 0)
      const age = performance.now() - publishedAt
      expect(age).toBeGreaterThan(1300)
    } finally {
      await others.close()
    }
  })

  it('says so to a cursor from before what it has seen', async () => {
    const others = new Nodes(redis)
    try {
      const early = await others.start({ maxMessagesPerAudience: 10, messageTtlMs: 1000 })
      const { cursor: first } = await publish(early, 1)
      await publish(early, 2)
      await waitFor('them to leave Redis', async () => {
        return (await redis.command('XLEN', others.key('log'))) === 0
      })
      const { cursor: third } = await publish(early, 3)
      const late = await others.start({ messageTtlMs: 60_000 })
      expect((await ann(late).poll({ since: first })).body).toMatchObject({
        resync: true,
        reason: 'expired',
      })
      expect((await ann(late).poll({ since: third })).body).toMatchObject({ resync: false })
    } finally {
      await others.close()
    }
  })
})

describe('a log that is lost', () => {
  it('is told to every live reader once, who then gets what comes', async () => {
    const socket = await SocketClient.connect(b.url, { token: 'dev:ann' })
    const stream = await StreamClient.open(b.url, { token: 'dev:ann' })
    await stream.next('connected')
    const { cursor } = await publish(a, 1)
    await waitFor('the message', () => socket.messages.length === 1)
    const held = ann(b).poll({ since: cursor, wait: 25 })
    await waitFor('the poll', () => connectionsOf(b) === 3)
    await redis.command('FLUSHALL')
    expect((await held).body).toMatchObject({ resync: true, reason: 'epoch', messages: [] })
    const resync = await socket.next('resync')
    expect(resync.reason).toBe('epoch')
    expect((await stream.next('resync')).data).toMatchObject({ reason: 'epoch' })
    await waitFor(
      'a new log',
      async () => (await publish(a, 2).catch(() => undefined)) !== undefined,
    )
    await waitFor('the next message', () => socket.messages.length === 2)
    expect(numbers(socket.messages)).toEqual([1, 2])
    const told = socket.frames.all.filter(({ op }) => op === 'resync')
    expect(told).toHaveLength(1)
    // The position that it was given with the resync is one of the new log.
    const { body } = await ann(a).poll({ since: resync.cursor })
    expect([numbers(body.messages), body.resync]).toEqual([[2], false])
  })

  it('is told to a poll that was held from now on, by the cursor that it is answered with', async () => {
    await publish(a, 1)
    const held = ann(b).poll({ since: 'now', wait: 25 })
    await waitFor('the poll', () => connectionsOf(b) === 1)
    await redis.command('FLUSHALL')
    const { body } = await held
    expect(body).toMatchObject({ resync: false, messages: [] })
    const next = await ann(b).poll({ since: body.cursor })
    expect(next.body).toMatchObject({ resync: true, reason: 'epoch' })
  })

  it('is not taken for the one of now when it comes back', async () => {
    await publish(a, 1)
    await redis.command('SAVE')
    redis.keepCopy('ended')
    const { cursor } = await publish(a, 2)
    await redis.command('FLUSHALL')
    const epoch = cursor.split('.')[1] as string
    const isOther = async () => !(await ann(b).poll({ since: 'now' })).body.cursor.endsWith(epoch)
    await waitFor('another log', isOther)
    await redis.restartWithCopy('ended')
    await waitFor('a log to write', () => publish(a, 3).catch(() => undefined))
    const told = async () => (await ann(b).poll({ since: cursor })).body
    expect(await told()).toMatchObject({ resync: true, reason: 'epoch' })
    expect((await ann(a).poll({ since: cursor })).body).toMatchObject({ resync: true })
  })

  it('is told to a catch-up that was under way', async () => {
    const { cursor } = await a.server.publish({ type: 'test', payload: 1, topics: ['public:t'] })
    const socket = await SocketClient.connect(b.url, { token: 'dev:ann' })
    await redis.command('FLUSHALL')
    await socket.next('resync')
    const answer = await socket.ask({ op: 'subscribe', topics: ['public:t'], since: cursor })
    expect(answer).toMatchObject({ op: 'ok', resync: true, reason: 'epoch' })
  })
})

const connectionsOf = (node: TestNode): number =>
  (node.server.stats() as { connections: { total: number } }).connections.total

const orderOf = (cursor: string): number => {
  const [ms = '', counter = ''] = cursor.split(/[-.]/)
  return Number(ms) * 1000 + Number(counter)
}
