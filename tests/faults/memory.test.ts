// Very many users, topics and keys, each once, and then nothing: what the nodes and Redis held for
// them is given back when its time is over.

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { INSPECTED, liveHeapBytes } from '../support/heap.js'
import { Cluster } from './Cluster.js'
import { ask } from './continuity/NodeApi.js'
import { SOAK } from './Ground.js'

/** Of users, of topics, and of keys. */
const DISTINCT = SOAK ? 1_000_000 : 10_000
/** Of these users so many publish by themselves, for all that is counted per user. */
const PUBLISHING = SOAK ? 50_000 : 1000
/** Each with a message of its own and one to a topic of its own: two keys. */
const USERS_PER_BATCH = 50
const AT_ONCE = 8
const TTL_MS = 3000
const WITHIN = 1.1
/** One TTL of quiet, and a sweep each on the nodes and in Redis. */
const BACK_WITHIN_MS = SOAK ? 120_000 : 30_000

let cluster: Cluster
beforeAll(async () => {
  const env = {
    NODE_OPTIONS: `${INSPECTED} --max-old-space-size=1024`,
    MESSAGE_TTL_MS: String(TTL_MS),
    IDEMPOTENCY_TTL_MS: String(TTL_MS),
    // What left the log is remembered for so many audiences; more than that are there before.
    MAX_MARKS: '1000',
    MAX_IDEMPOTENCY_KEYS: '10000000',
    RATE_LIMIT_MAX: '1000',
    RATE_LIMIT_READ_MAX: '1000',
    RATE_LIMIT_WINDOW_MS: String(TTL_MS),
  }
  // Its record of what was slow would grow as well, and is not ours.
  const redis = { config: { 'slowlog-max-len': '0' } }
  cluster = await Cluster.start({ nodes: 2, redis, env })
})
afterAll(() => cluster?.stop())

interface Held {
  readonly heaps: readonly number[]
  readonly redis: number
  readonly redisKeys: number
}

async function held(): Promise<Held> {
  const { nodes, redis } = cluster
  const heaps = await Promise.all(nodes.map(({ process }) => liveHeapBytes(process.output())))
  await redis.command('MEMORY', 'PURGE')
  const used = Number(await redis.info('used_memory'))
  return { heaps, redis: used, redisKeys: Number(await redis.command('DBSIZE')) }
}

let lastUser = 0

async function inParallel(count: number, act: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const work = async () => {
    while (next < count) {
      next += 1
      await act(next)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

/** New users, topics and keys each time. */
async function crowd(distinct: number, publishing: number): Promise<void> {
  const urlOf = (n: number) => cluster.nodes[n % cluster.nodes.length]!.url
  const post = async (n: number, body: object, headers = {}) => {
    const { status } = await ask(urlOf(n), '/api/sync/send', { body, headers })
    if (status !== 201) throw new Error(`answered with ${status}`)
  }
  const first = lastUser
  lastUser += distinct
  await inParallel(publishing, async (n) => {
    const headers = { Authorization: `Bearer dev:user-${first + n}` }
    await post(n, { type: 'own' }, { ...headers, 'Idempotency-Key': `own-${first + n}` })
    await ask(urlOf(n + 1), '/api/sync/poll', { headers })
  })
  await inParallel(Math.ceil(distinct / USERS_PER_BATCH), async (batch) => {
    const before = first + (batch - 1) * USERS_PER_BATCH
    const numbers = Array.from({ length: USERS_PER_BATCH }, (_, n) => before + n)
    const messages = numbers.flatMap((n) => [
      { type: 'a', userId: `user-${n}`, idempotencyKey: `u-${n}` },
      { type: 'a', topics: [`topic-${n}`], idempotencyKey: `t-${n}` },
    ])
    await post(batch, { messages })
  })
}

const mib = (bytes: number) => (bytes / (1 << 20)).toFixed(1)
const shown = ({ heaps, redis, redisKeys }: Held) =>
  `heaps ${heaps.map(mib).join(' and ')} MiB, Redis ${mib(redis)} MiB in ${redisKeys} keys`

test(
  `after ${DISTINCT} users, topics and keys and a quiet TTL, memory is back within 10 %`,
  async () => {
    // Once, so that what is compiled and kept for good is there.
    await crowd(Math.max(2000, DISTINCT / 10), Math.max(300, PUBLISHING / 10))
    await new Promise((resolve) => setTimeout(resolve, 2 * TTL_MS))
    const before = await held()
    await crowd(DISTINCT, PUBLISHING)
    const amid = await held()
    let after = amid
    const isBack = () =>
      after.redis <= before.redis * WITHIN &&
      after.heaps.every((heap, index) => heap <= before.heaps[index]! * WITHIN)
    const quietSince = performance.now()
    while (!isBack() && performance.now() - quietSince < BACK_WITHIN_MS) {
      await new Promise((resolve) => setTimeout(resolve, 1000))
      after = await held()
    }
    const seconds = ((performance.now() - quietSince) / 1000).toFixed(1)
    process.stdout.write(`memory before: ${shown(before)}\n`)
    process.stdout.write(`memory amid ${DISTINCT}: ${shown(amid)}\n`)
    process.stdout.write(`memory after ${seconds} s of quiet: ${shown(after)}\n`)
    expect(isBack()).toBe(true)
    expect(after.redisKeys).toBeLessThanOrEqual(before.redisKeys)
  },
  SOAK ? 3_600_000 : 180_000,
)
