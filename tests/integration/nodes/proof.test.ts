// A node goes on in the log that Redis has only where it can prove that it is the one it followed:
// what looks like it, and is not, is told as a new epoch; and nobody is told without need.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { Api } from '../../support/Api.js'
import { closeOpenClients } from '../../support/openClients.js'
import { RedisServer } from '../../support/RedisServer.js'
import { SocketClient } from '../../support/SocketClient.js'
import { waitFor } from '../../support/waitFor.js'
import { Nodes, type TestNode } from './Nodes.js'

/** A node that has not beaten for so long is none. */
const LONG_AWAY_MS = 9000

let redis: RedisServer
let nodes: Nodes

beforeEach(async () => {
  redis = await RedisServer.start({ appendOnly: 'always' })
  nodes = new Nodes(redis)
})
afterEach(async () => {
  await closeOpenClients()
  await nodes.close()
  await redis.stop()
})

const ann = ({ url }: Pick<TestNode, 'url'>) => new Api(url, 'dev:ann')
const publish = ({ server }: Pick<TestNode, 'server'>, n: number) =>
  server.publish({ type: 'test', payload: n, userId: 'ann' })
const published = (node: TestNode, n: number) =>
  waitFor(`a log that takes ${n}`, () => publish(node, n).catch(() => undefined), 20_000)
const numbers = (messages: readonly { payload: unknown }[]) =>
  messages.map(({ payload }) => payload)
const epochOf = async () => String(await redis.command('HGET', nodes.key('meta'), 'epoch'))
const idOf = (cursor: string) => cursor.split('.')[0] as string
const resyncsOf = ({ frames }: SocketClient) => frames.all.filter(({ op }) => op === 'resync')

describe('Redis back in an older state', () => {
  it('with another entry at the place of one that was delivered is told', async () => {
    const [a] = (await nodes.startSeveral(1)) as [TestNode]
    await publish(a, 1)
    redis.keepCopy('before')
    const { cursor } = await publish(a, 2)
    const reader = await SocketClient.connect(a.url, { token: 'dev:ann', since: cursor })
    a.link.set({ isDead: true })
    await redis.restartWithCopy('before')
    // As of a node that had not read 2, and found a slower clock.
    const log = nodes.key('log')
    const [[last, fields]] = (await redis.command('XREVRANGE', log, '+', '-', 'COUNT', 1)) as [
      [string, string[]],
    ]
    const changes: Record<string, string> = { v: last, p: '3', a: 'another:1:0' }
    const other = fields.map(
      (value, n) => changes[n % 2 === 1 ? (fields[n - 1] ?? '') : ''] ?? value,
    )
    await redis.command('XADD', log, idOf(cursor), ...other)
    a.link.cut()
    a.link.heal()
    expect((await reader.next('resync', 20_000)).reason).toBe('epoch')
    await published(a, 4)
    await waitFor('4', () => numbers(reader.messages).includes(4))
    expect(resyncsOf(reader)).toHaveLength(1)
  })

  it('without what it has acknowledged, and this node has yet to read, is told', async () => {
    const [a] = (await nodes.startSeveral(1)) as [TestNode]
    await publish(a, 1)
    const reader = await SocketClient.connect(a.url, { token: 'dev:ann' })
    redis.keepCopy('before')
    // It may write, and not read; until Redis is another one.
    await redis.command('ACL', 'SETUSER', 'default', '-xread')
    await waitFor('a refused read', async () => {
      return /rejected_calls=[1-9]/.test(await redis.info('cmdstat_xread'))
    })
    await publish(a, 2)
    await redis.restartWithCopy('before')
    await published(a, 3)
    expect((await reader.next('resync', 20_000)).reason).toBe('epoch')
    await published(a, 4)
    await waitFor('4', () => numbers(reader.messages).includes(4))
    expect(numbers(reader.messages)).not.toContain(2)
    expect(resyncsOf(reader)).toHaveLength(1)
  })

  it('without what a node had delivered that is gone is told, however long Redis was away', async () => {
    let later = 0
    const monotonicNow = () => performance.now() + later
    const a = await nodes.start({ messageTtlMs: 1000, monotonicNow })
    const b = await nodes.start({ messageTtlMs: 1000 })
    await nodes.knowEachOther()
    await waitFor('all to expire', async () => {
      return (await redis.command('XLEN', nodes.key('log'))) === 0
    })
    const reader = await SocketClient.connect(a.url, { token: 'dev:ann' })
    redis.keepCopy('before')
    a.link.set({ isDead: true })
    await publish(b, 1)
    await redis.kill()
    nodes.all.splice(1, 1)
    await b.close()
    await b.link.close()
    a.link.cut()
    later += LONG_AWAY_MS
    await redis.restartWithCopy('before')
    a.link.heal()
    const runId = await redis.info('run_id')
    await waitFor('a to be back, missing nothing', async () => {
      return (await redis.command('HGET', nodes.key('meta'), 'runId')) === runId
    })
    // By then b would have said that it misses nothing.
    later += LONG_AWAY_MS
    expect((await reader.next('resync', 20_000)).reason).toBe('epoch')
    expect(reader.messages).toEqual([])
  })
})

describe('a node that starts as Redis comes back', () => {
  it('leaves it to one that was there whether the log is whole', async () => {
    const [a] = (await nodes.startSeveral(1)) as [TestNode]
    await publish(a, 1)
    const reader = await SocketClient.connect(a.url, { token: 'dev:ann' })
    const epoch = await epochOf()
    // As after a time without beats.
    await redis.command('DEL', nodes.key('nodes'))
    a.link.set({ isDead: true })
    await redis.kill()
    await redis.restart({ keepData: true })
    const b = await nodes.start()
    expect((await ann(b).poll()).status).toBe(503)
    a.link.cut()
    a.link.heal()
    await published(b, 2)
    await waitFor('2', () => numbers(reader.messages).includes(2))
    expect(resyncsOf(reader)).toEqual([])
    expect(await epochOf()).toBe(epoch)
  })

  it('marks what left the log while it read it', async () => {
    const [a] = (await nodes.startSeveral(1)) as [TestNode]
    const cursors: string[] = []
    for (let n = 0; n < 5; n += 1) cursors.push((await publish(a, n)).cursor)
    const b = await whileItReads(nodes.key('nodes'), async () => {
      await redis.command('XTRIM', nodes.key('log'), 'MINID', idOf(cursors[4]!))
      await redis.command('HSET', nodes.key('meta'), 'trimmed', idOf(cursors[3]!))
    })
    const poll = async (since: string) => {
      const { body } = await ann(b).poll({ since })
      return [numbers(body.messages), body.resync]
    }
    expect(await poll(cursors[1]!)).toEqual([[4], true])
    expect(await poll(cursors[3]!)).toEqual([[4], false])
  })

  /** Starts a node far away, and does something between its look at the log and its reading. */
  async function whileItReads(key: string, act: () => Promise<unknown>): Promise<TestNode> {
    const client = new Redis(redis.url, { protocol: 2 })
    const monitor = await client.monitor()
    const looked = new Promise<void>((resolve) => {
      monitor.on('monitor', (_time: string, [name = '', first]: string[]) => {
        if (name.toLowerCase() === 'zrangebyscore' && first === key) resolve()
      })
    })
    const starting = nodes.start({}, { delayMs: 100 })
    await looked
    await act()
    for (const each of [monitor, client]) each.disconnect()
    return starting
  }

  it('answers no counts of before its time', async () => {
    const [a] = (await nodes.startSeveral(1)) as [TestNode]
    await Promise.all(Array.from({ length: 300 }, (_, n) => publish(a, n)))
    await redis.command('CONFIG', 'RESETSTAT')
    await nodes.start()
    await nodes.knowEachOther()
    const added = Number(/calls=(\d+)/.exec(await redis.info('cmdstat_xadd'))?.[1])
    expect(added).toBeLessThan(100)
  })
})

describe('a node', () => {
  it('passes over what no node wrote', async () => {
    const [a] = (await nodes.startSeveral(1)) as [TestNode]
    const { cursor } = await publish(a, 1)
    const fields = ['v', idOf(cursor), 'm', 'nonsense', 'p', '', 'b', 1, 'a', 'x:1:0', 'c', '']
    await redis.command('XADD', nodes.key('log'), '*', ...fields)
    await publish(a, 2)
    expect(numbers((await ann(a).poll()).body.messages)).toEqual([1, 2])
  })

  it('keeps the order of one publisher, though Redis forgets its scripts at every moment', async () => {
    const [a] = (await nodes.startSeveral(1)) as [TestNode]
    const reader = await SocketClient.connect(a.url, { token: 'dev:ann' })
    a.link.set({ delayMs: 2 })
    const sent: Promise<unknown>[] = []
    for (let n = 0; n < 500; n += 1) {
      sent.push(publish(a, n))
      if (n % 50 === 0) sent.push(redis.command('SCRIPT', 'FLUSH'))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(sent)
    await waitFor('all', () => reader.messages.length === 500)
    expect(numbers(reader.messages)).toEqual(Array.from({ length: 500 }, (_, n) => n))
  })

  it('goes on with the new master where its old one has become a replica', async () => {
    const other = await RedisServer.start()
    try {
      const [a] = (await nodes.startSeveral(1)) as [TestNode]
      const { cursor } = await publish(a, 1)
      await other.command('REPLICAOF', '127.0.0.1', redis.port)
      await waitFor('the replica to have it', async () => {
        const range = await other.command('XRANGE', nodes.key('log'), idOf(cursor), idOf(cursor))
        return (range as unknown[]).length === 1
      })
      a.link.leadTo(other.port)
      await other.command('REPLICAOF', 'NO', 'ONE')
      await redis.command('REPLICAOF', '127.0.0.1', other.port)
      await published(a, 2)
      const { body } = await ann(a).poll({ since: cursor })
      expect([numbers(body.messages), body.resync]).toEqual([[2], false])
    } finally {
      await other.stop()
    }
  })

  it('goes on undisturbed, whatever cursors it is given while it reads', async () => {
    const [a] = (await nodes.startSeveral(1)) as [TestNode]
    const { cursor } = await publish(a, 1)
    const ahead = cursor.replace(/^\d+/, (ms) => String(Number(ms) + 3_600_000))
    const connections = () => redis.info('total_connections_received')
    const before = await connections()
    let isDone = false
    const load = Array.from({ length: 4 }, async () => {
      while (!isDone) await publish(a, 2)
    })
    for (let n = 0; n < 100; n += 1) {
      expect((await ann(a).poll({ since: ahead, limit: 1 })).body.reason).toBe('epoch')
    }
    isDone = true
    await Promise.all(load)
    expect(await connections()).toBe(before)
  })

  it('that leaves a Redis that lost everything leaves nothing there for good', async () => {
    const [a] = (await nodes.startSeveral(1)) as [TestNode]
    await redis.command('FLUSHALL')
    nodes.all.splice(0, 1)
    await a.close()
    await a.link.close()
    const keys = (await redis.command('KEYS', '*')) as string[]
    const ttls = await Promise.all(keys.map((key) => redis.command('PTTL', key)))
    expect(ttls).not.toContain(-1)
  })
})

describe('a subscription that waits for its cursor', () => {
  it('leaves nothing behind where its connection ends meanwhile', async () => {
    const [a, b] = (await nodes.startSeveral(2)) as [TestNode, TestNode]
    const socket = await SocketClient.connect(b.url, { token: 'dev:ann' })
    b.link.set({ delayMs: 500 }, ['back'])
    const topics = ['public:t']
    const { cursor } = await a.server.publish({ type: 'test', topics })
    socket.send({ op: 'subscribe', topics, since: cursor })
    await new Api(b.url).status()
    await socket.close()
    b.link.heal()
    await waitFor('b to have it', async () => {
      const { body } = await new Api(b.url, 'dev:ann').poll({ since: cursor })
      return body.resync === false
    })
    expect(await a.server.publish({ type: 'test', topics })).toMatchObject({ recipients: 0 })
  })
})
