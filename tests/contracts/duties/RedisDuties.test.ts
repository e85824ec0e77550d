import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { RedisDuties } from '../../../server/services/duties/RedisDuties.js'
import { freshPrefix, RedisNode } from '../../support/RedisNode.js'
import { RedisServer } from '../../support/RedisServer.js'
import { contentsOf } from '../../support/redisContents.js'
import { waitFor } from '../../support/waitFor.js'
import { dutiesContract, Holder } from './dutiesContract.js'

const LEASE = { everyMs: 50, termMs: 300 }

let server: RedisServer
let nodes: RedisNode[] = []
let all: RedisDuties[] = []
beforeAll(async () => {
  server = await RedisServer.start()
})
afterEach(async () => {
  await Promise.all(all.map((duties) => duties.stop()))
  for (const node of nodes) node.close()
  nodes = []
  all = []
})
afterAll(() => server.stop())

async function dutiesOf(prefix: string, lease = LEASE) {
  const node = await RedisNode.connect(server.url, prefix)
  const duties = new RedisDuties({ ...node, lease, monotonicNow: () => performance.now() })
  nodes.push(node)
  all.push(duties)
  return { duties, node }
}

dutiesContract('RedisDuties', async () => (await dutiesOf(freshPrefix())).duties)

describe('a duty that nodes share', () => {
  async function pair() {
    const prefix = freshPrefix()
    const [a, b] = await Promise.all([dutiesOf(prefix), dutiesOf(prefix)])
    const holders = [new Holder(), new Holder()] as const
    a.duties.bid('watch', holders[0])
    await holders[0].holds()
    b.duties.bid('watch', holders[1])
    return { prefix, a, b, holders }
  }

  it('is one node’s at a time', async () => {
    const { holders } = await pair()
    const until = performance.now() + 3 * LEASE.termMs
    await waitFor('some terms', () => {
      expect(holders.map(({ isHolding }) => isHolding)).toEqual([true, false])
      return performance.now() > until
    })
    expect(holders[0].terms).toHaveLength(1)
  })

  it('goes to another when its node is gone, and Redis’s clock was set back by an hour', async () => {
    const { a, b, prefix, holders } = await pair()
    a.node.close()
    const [key = ''] = (await server.command('KEYS', `*${prefix}*duty:watch`)) as string[]
    await server.command('HSET', key, 'u', Date.now() + 3_600_000)
    await holders[1].holds()
    await b.duties.stop()
  })

  it('goes to another at once when its node stops, with what it noted', async () => {
    const { a, holders } = await pair()
    await holders[0].terms[0]?.note({ x: '1' })
    await a.duties.stop()
    expect(await (await holders[1].holds(LEASE.termMs)).recall()).toEqual({ x: '1' })
  })

  it('goes to another when its node is cut off from Redis, which then has no duty any more', async () => {
    const { a, holders } = await pair()
    a.node.redis.close()
    await holders[1].holds(2000)
    await waitFor('the first to give up', () => !holders[0].isHolding)
  })

  it('lets nobody note anything whose term ended unseen', async () => {
    const prefix = freshPrefix()
    const sleepy = await dutiesOf(prefix, { everyMs: 60_000, termMs: 100 })
    const other = await dutiesOf(prefix)
    const holders = [new Holder(), new Holder()] as const
    sleepy.duties.bid('watch', holders[0])
    const old = await holders[0].holds()
    other.duties.bid('watch', holders[1])
    const term = await holders[1].holds()
    await term.note({ x: 'new' })
    expect(holders[0].isHolding).toBe(true)
    expect(await old.note({ x: 'old' })).toBe(false)
    expect(holders[0].isHolding).toBe(false)
    expect(await term.recall()).toEqual({ x: 'new' })
  })

  it('begins a new term on a node that slept through another’s', async () => {
    const prefix = freshPrefix()
    const { duties } = await dutiesOf(prefix)
    const holder = new Holder()
    duties.bid('watch', holder)
    const first = await holder.holds()
    // As another node would leave it behind.
    const key = `{${prefix}}:duty:watch`
    await server.command('HSET', key, 'h', 'other', 'u', '0', 't', '7', 'n:x', 'theirs')
    await waitFor('another term', () => holder.terms.length === 2)
    expect(await first.note({ x: 'mine' })).toBe(false)
    expect(await holder.terms[1]?.recall()).toEqual({ x: 'theirs' })
  })

  it('is begun anew where Redis has lost it', async () => {
    const { holders } = await pair()
    await server.command('FLUSHALL')
    await waitFor('a term', async () => {
      const term = holders.find(({ isHolding }) => isHolding)?.terms.at(-1)
      return term !== undefined && (await term.note({ x: '1' }))
    })
  })

  it('leaves nothing in Redis for ever', async () => {
    const { prefix, holders } = await pair()
    await holders[0].terms[0]?.note({ x: '1' })
    const held = await contentsOf(server, `{${prefix}}*`)
    expect(held).toHaveLength(1)
    for (const { lifeMs } of held) expect(lifeMs).toBeGreaterThan(6 * 86_400_000)
  })
})
