import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { RedisBudget } from '../../../server/security/RedisBudget.js'
import { freshPrefix, RedisNode } from '../../support/RedisNode.js'
import { RedisServer } from '../../support/RedisServer.js'
import { contentsOf } from '../../support/redisContents.js'
import { allowedOf, budgetContract, isAllowed } from './budgetContract.js'

const LIMIT = 10
const WINDOW_MS = 60_000

let server: RedisServer
let nodes: RedisNode[] = []
let prefix = ''
beforeAll(async () => {
  server = await RedisServer.start()
})
afterEach(() => {
  for (const node of nodes) node.close()
  nodes = []
})
afterAll(() => server.stop())

async function budgetOf({ windowMs = WINDOW_MS, maxKeys = 1000, shared = prefix } = {}) {
  const node = await RedisNode.connect(server.url, shared)
  nodes.push(node)
  const budget = new RedisBudget({
    name: 'publishing',
    windowMs,
    maxKeys,
    wallNow: Date.now,
    scripts: node.scripts,
  })
  return { budget, node, passTime: (ms: number) => delay(ms + 20) }
}

budgetContract('RedisBudget', (settings) => budgetOf({ ...settings, shared: freshPrefix() }))

describe('a budget of several nodes', () => {
  it('is one: together they allow no more than its limit', async () => {
    prefix = freshPrefix()
    const budgets = await Promise.all([budgetOf(), budgetOf(), budgetOf()])
    const allowed = await Promise.all(budgets.map(({ budget }) => allowedOf(40, budget)))
    expect(allowed.reduce((sum, each) => sum + each)).toBe(LIMIT)
  })

  it('says on each node what the others have left', async () => {
    prefix = freshPrefix()
    const [one, other] = await Promise.all([budgetOf(), budgetOf()])
    await one.budget.charge('ann', 7, LIMIT)
    await other.budget.charge('ann', 1, LIMIT)
    expect(other.budget.left('ann', LIMIT)).toMatch(/r=2/)
    const error = await other.budget.charge('ann', 3, LIMIT).catch((refusal: unknown) => refusal)
    expect(error).toMatchObject({ message: expect.stringContaining('leaves 2 for now') })
  })

  it('is not that of another prefix, nor another budget', async () => {
    prefix = freshPrefix()
    const { budget } = await budgetOf()
    const { budget: foreign } = await budgetOf({ shared: freshPrefix() })
    expect(await isAllowed(budget, 'ann', LIMIT)).toBe(true)
    expect(await isAllowed(foreign, 'ann', LIMIT)).toBe(true)
  })

  it('gives no work to Redis for who is known to have used it up', async () => {
    prefix = freshPrefix()
    const { budget } = await budgetOf()
    expect(await allowedOf(20, budget)).toBe(LIMIT)
    const before = Number(await server.info('total_commands_processed'))
    expect(await allowedOf(500, budget)).toBe(0)
    expect(Number(await server.info('total_commands_processed')) - before).toBeLessThan(100)
  })

  it('leaves nothing behind when its windows have ended, and no name in Redis', async () => {
    prefix = freshPrefix()
    const { budget } = await budgetOf({ windowMs: 500 })
    for (const key of ['secret-name', '203.0.113.7']) await budget.charge(key, 1, LIMIT)
    const held = await contentsOf(server, `{${prefix}}*`)
    expect(held).toHaveLength(2)
    for (const { lifeMs } of held) expect(lifeMs).toBeLessThanOrEqual(500)
    expect(JSON.stringify(held)).not.toMatch(/secret-name|203\.0/)
    await delay(600)
    expect(await server.command('KEYS', `{${prefix}}*`)).toEqual([])
  })

  it('goes on where Redis has lost its scripts, in order', async () => {
    prefix = freshPrefix()
    const { budget } = await budgetOf()
    await budget.charge('bob', 1, LIMIT)
    await server.command('SCRIPT', 'FLUSH')
    const order: number[] = []
    const asked = Array.from({ length: 200 }, (_, index) =>
      budget.charge('ann', 1, 1000).then(() => order.push(index)),
    )
    await Promise.all(asked)
    expect(order).toEqual(order.toSorted((a, b) => a - b))
    expect(budget.left('ann', 1000)).toMatch(/r=800/)
  })
})

describe('while Redis is away', () => {
  it('each node goes on from what it last heard, and asks again when it is back', async () => {
    prefix = freshPrefix()
    const [one, other] = await Promise.all([budgetOf(), budgetOf()])
    await one.budget.charge('ann', 4, LIMIT)
    await other.budget.charge('ann', 2, LIMIT)
    await server.kill()
    await Promise.all([one.node.isAway(), other.node.isAway()])
    expect(await allowedOf(20, one.budget)).toBe(6)
    expect(await allowedOf(20, other.budget)).toBe(4)
    expect(await allowedOf(20, one.budget, 'bob')).toBe(LIMIT)
    await server.restart({ keepData: false })
    await Promise.all([one.node.isUp(), other.node.isUp()])
    const both = await Promise.all([one, other].map(({ budget }) => allowedOf(20, budget, 'cat')))
    expect(both[0]! + both[1]!).toBe(LIMIT)
  })

  it('nobody waits for one that gives no answer, but the first for a moment', async () => {
    prefix = freshPrefix()
    const { budget } = await budgetOf()
    await budget.charge('ann', 1, LIMIT)
    server.freeze()
    try {
      const startedAt = performance.now()
      expect(await allowedOf(20, budget)).toBe(LIMIT - 1)
      // One after the other: each would wait in vain.
      for (const key of ['b', 'c', 'd', 'e', 'f', 'g', 'h']) {
        expect(await allowedOf(20, budget, key)).toBe(LIMIT)
      }
      expect(performance.now() - startedAt).toBeLessThan(1500)
    } finally {
      server.thaw()
    }
  })

  it('says once what Redis refuses, and counts by itself', async () => {
    prefix = freshPrefix()
    const { budget, node } = await budgetOf()
    await server.command('CONFIG', 'SET', 'maxmemory', '1')
    try {
      expect(await allowedOf(20, budget)).toBe(LIMIT)
      expect(node.faults).toEqual([
        expect.objectContaining({ message: expect.stringMatching(/OOM/) }),
      ])
    } finally {
      await server.command('CONFIG', 'SET', 'maxmemory', '0')
    }
    expect(await allowedOf(20, budget, 'bob')).toBe(LIMIT)
  })
})
