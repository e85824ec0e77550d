// Redis is there and in trouble: it forgets scripts, cuts connections, stands still, is full, or
// takes no writes. What is acknowledged all the same is kept, and nobody is told of a loss that is none.

import { afterEach, expect, test } from '@jest/globals'
import { RedisServer } from '../support/RedisServer.js'
import { waitFor } from '../support/waitFor.js'
import { Ground, report, SOAK } from './Ground.js'

const SECONDS = SOAK ? 60 : 4
const TIMEOUT_MS = 90_000 + SECONDS * 1000
const PER_SECOND = 100

let ground: Ground | undefined
let other: RedisServer | undefined
afterEach(async () => {
  await ground?.stop()
  await other?.stop()
  ground = undefined
  other = undefined
})

async function every(ms: number, act: () => Promise<unknown>): Promise<void> {
  for (let at = 0; at < SECONDS * 1000; at += ms) {
    await act()
    await new Promise((resolve) => setTimeout(resolve, ms))
  }
}

test(
  'SCRIPT FLUSH, again and again, is not even noticed',
  async () => {
    ground = await Ground.start({ perSecond: PER_SECOND })
    const { cluster, load } = ground
    await every(100, () => cluster.redis.command('SCRIPT', 'FLUSH'))
    const verdict = await ground.verdict()
    report('SCRIPT FLUSH every 100 ms', verdict)
    expect(verdict.violations).toEqual([])
    expect(verdict.figures.resyncs).toEqual({})
    // None, on a machine that is quick enough; one at each flush would be more.
    expect(load.count(503)).toBeLessThan(load.count(201) / 20)
  },
  TIMEOUT_MS,
)

test(
  'CLIENT KILL every 500 ms loses nothing and alarms nobody',
  async () => {
    ground = await Ground.start({ perSecond: PER_SECOND })
    const { cluster } = ground
    await every(500, () => cluster.redis.command('CLIENT', 'KILL', 'TYPE', 'normal'))
    const verdict = await ground.verdict()
    report('CLIENT KILL every 500 ms', verdict)
    expect(verdict.violations).toEqual([])
    expect(verdict.figures.resyncs).toEqual({})
  },
  TIMEOUT_MS,
)

test(
  'a Redis that is full takes no more, says so, and goes on when it has room',
  async () => {
    ground = await Ground.start({ perSecond: PER_SECOND })
    const { cluster, load } = ground
    await ground.published(PER_SECOND)
    await cluster.redis.command('CONFIG', 'SET', 'maxmemory', await full(cluster.redis))
    await waitFor('publishes to be refused', () => load.count(503) > PER_SECOND / 2)
    await cluster.redis.command('CONFIG', 'SET', 'maxmemory', 0)
    await ground.published(PER_SECOND)
    const verdict = await ground.verdict()
    report('maxmemory reached', verdict)
    expect(verdict.violations).toEqual([])
    expect(verdict.figures.resyncs).toEqual({})
  },
  TIMEOUT_MS,
)

test(
  'a Redis that lets keys go when it is full is never silent about it',
  async () => {
    ground = await Ground.start({ perSecond: PER_SECOND })
    const { redis } = ground.cluster
    await ground.published(PER_SECOND)
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random')
    await redis.command('CONFIG', 'SET', 'maxmemory', await full(redis))
    const evicted = async () => Number(await redis.info('evicted_keys')) > 0
    await waitFor('keys to be let go of', evicted, 20_000)
    await redis.command('CONFIG', 'SET', 'maxmemory', 0)
    await ground.published(PER_SECOND)
    const verdict = await ground.verdict()
    report('maxmemory reached, allkeys-random', verdict)
    expect(verdict.violations).toEqual([])
  },
  TIMEOUT_MS,
)

test(
  'a replica in its place, which takes no writes, is told from one that does',
  async () => {
    ground = await Ground.start({ perSecond: PER_SECOND })
    const { cluster, load } = ground
    const { redis } = cluster
    await ground.published(PER_SECOND)
    other = await RedisServer.start()
    await other.command('REPLICAOF', '127.0.0.1', redis.port)
    const isLinked = async () => (await other!.info('master_link_status')) === 'up'
    await waitFor('a replica that has it all', isLinked)
    await other.command('REPLICAOF', 'NO', 'ONE')
    const since = performance.now()
    await redis.command('REPLICAOF', '127.0.0.1', other.port)
    const refused = load.count(503)
    await waitFor('publishes to be refused', () => load.count(503) > refused)
    const to503 = performance.now() - since
    await Promise.all(cluster.nodes.map((node) => node.untilNotReady()))
    const toNotReady = performance.now() - since
    const back = performance.now()
    await redis.command('REPLICAOF', 'NO', 'ONE')
    await cluster.untilReady()
    await ground.published(PER_SECOND)
    const toHealed = performance.now() - back
    const verdict = await ground.verdict()
    report('a replica in its place', verdict, {
      'ms to 503': to503.toFixed(0),
      'to not ready': toNotReady.toFixed(0),
      'to healed': toHealed.toFixed(0),
    })
    expect(verdict.violations).toEqual([])
    expect(toNotReady).toBeLessThan(10_000)
    expect(toHealed).toBeLessThan(10_000)
  },
  TIMEOUT_MS,
)

/** As much as it uses now, and hardly more. */
async function full(redis: RedisServer): Promise<number> {
  return Number(await redis.info('used_memory')) + 20_000
}
