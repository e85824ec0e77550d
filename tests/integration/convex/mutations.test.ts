// What is published after mutations, by the helpers, and where publishing fails.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { ConvexRealtimeIntegration } from '../../../server/services/ConvexRealtimeIntegration.js'
import { ConfigError } from '../../../shared/errors.js'
import type { ConvexStandIn } from '../../support/ConvexStandIn.js'
import { type Order, orders, startShop } from '../../support/convex/shop/shop.js'
import { closeOpenClients } from '../../support/openClients.js'
import { RedisServer } from '../../support/RedisServer.js'
import { SocketClient } from '../../support/SocketClient.js'
import { startTestServer, type TestServer } from '../../support/testServer.js'
import { waitFor } from '../../support/waitFor.js'

const TOPICS = ['convex.orders', 'convex.orders.create', 'convex.orders.delete']

let shop: ConvexStandIn
let convex: ConvexRealtimeIntegration
let server: TestServer
beforeAll(async () => {
  shop = await startShop()
})
beforeEach(async () => {
  convex = new ConvexRealtimeIntegration({ url: shop.url })
  server = await startTestServer({ convex })
})
afterEach(async () => {
  shop.httpFault = undefined
  await closeOpenClients()
  await server.close()
})
afterAll(() => shop.goAway())

const follow = (userId = 'ann', topics: string[] = []) =>
  SocketClient.connect(server.url, { token: `dev:${userId}:admin`, topics })
const next = async (client: SocketClient) => (await client.next('message')).message
const publishing = () =>
  (server.server.stats() as { convex: { publishing: object } }).convex.publishing

describe('each helper', () => {
  it('publishes a change of a table to who follows the table or the operation', async () => {
    const [all, created, deleted] = await Promise.all(TOPICS.map((topic) => follow('ann', [topic])))
    await convex.publishConvexUpdate('orders', 'create', { id: 7 })
    const message = {
      type: 'convex.update',
      payload: { table: 'orders', operation: 'create', data: { id: 7 } },
    }
    expect(await next(all!)).toMatchObject(message)
    expect(await next(created!)).toMatchObject(message)
    expect(deleted!.messages).toEqual([])
  })

  it('publishes it to one user alone, where there is one, and never to all for an undefined one', async () => {
    const [ann, bob] = await Promise.all([follow('ann', TOPICS), follow('bob', TOPICS)])
    await convex.publishConvexUpdate('orders', 'create', 1, 'bob')
    expect(await next(bob)).toMatchObject({ payload: { data: 1 }, userId: 'bob' })
    await expect(convex.publishConvexUpdate('orders', 'create', 2, undefined)).rejects.toThrow(
      'userId',
    )
    expect(ann.messages).toEqual([])
  })

  it('has its type and payload', async () => {
    const ann = await follow()
    const action = { label: 'Open', href: '/orders/7' }
    await convex.publishDashboardUpdate('sales', { today: 3 }, 'ann')
    await convex.publishUserStatsUpdate({ orders: 3 }, 'ann')
    await convex.publishOrderStatusChange('o7', 'paid', 'ann')
    await convex.publishDownloadUpdate(
      { downloadId: 'd1', status: 'running', progress: 0.5 },
      'ann',
    )
    await convex.publishQuotaUpdate(3, 10, 'ann')
    await convex.publishNotification({ title: 'Paid', message: 'o7', type: 'info', action }, 'ann')
    await convex.publishAnnouncement({ message: 'Hi' })
    await convex.publishAnnouncement({ message: 'Admins' }, ['admin'])
    await waitFor('all of them', () => ann.messages.length === 8)
    expect(ann.messages.map(({ type, payload }) => [type, payload])).toEqual([
      ['data.updated', { section: 'sales', data: { today: 3 } }],
      ['user.stats.updated', { orders: 3 }],
      ['order.status.changed', { orderId: 'o7', status: 'paid' }],
      ['download.updated', { downloadId: 'd1', status: 'running', progress: 0.5 }],
      ['quota.updated', { used: 3, limit: 10 }],
      ['notification.new', { title: 'Paid', message: 'o7', type: 'info', action }],
      ['system.announcement', { message: 'Hi' }],
      ['system.announcement', { message: 'Admins' }],
    ])
  })

  it('publishes several changes, all or none', async () => {
    const ann = await follow('ann', TOPICS)
    const update = { table: 'orders', operation: 'update' } as const
    const good = [1, 2].map((data) => ({ ...update, data }))
    await expect(convex.publishBatchUpdate([...good, { ...update, data: 3n }])).rejects.toThrow()
    await convex.publishBatchUpdate(good)
    await waitFor('both', () => ann.messages.length === 2)
    expect(ann.messages.map(({ payload }) => payload.data)).toEqual([1, 2])
  })
})

describe('a wrapped mutation', () => {
  const rule = {
    table: 'orders',
    operation: 'create',
    getUserId: (order: { owner: string }) => order.owner,
    getData: (order: { id: number }, id: number) => ({ ...order, given: id }),
  } as const

  it('publishes after its success, and not after its failure', async () => {
    const ann = await follow()
    const failing = convex.withRealtimeSync(
      async (_id: number) => {
        throw new Error('rolled back')
      },
      { table: 'orders', operation: 'create' },
    )
    await expect(failing(1)).rejects.toThrow('rolled back')
    const create = convex.withRealtimeSync(async (id: number) => ({ id, owner: 'ann' }), rule)
    expect(await create(2)).toEqual({ id: 2, owner: 'ann' })
    expect(await next(ann)).toMatchObject({ payload: { data: { id: 2, given: 2 } } })
    expect(ann.messages).toHaveLength(1)
  })

  it.each([
    ['whose user can’t be found', { ...rule, getUserId: () => undefined as unknown as string }],
    [
      'whose user throws',
      {
        ...rule,
        getUserId: () => {
          throw new Error('no')
        },
      },
    ],
    ['whose data is no JSON', { ...rule, getData: () => 7n }],
  ])('%s has succeeded all the same', async (_, faulty) => {
    const ann = await follow('ann', TOPICS)
    const create = convex.withRealtimeSync(async (id: number) => ({ id, owner: 'ann' }), faulty)
    expect(await create(1)).toEqual({ id: 1, owner: 'ann' })
    expect(publishing()).toMatchObject({ lost: 1 })
    await convex.withRealtimeSync(async (id: number) => ({ id, owner: 'ann' }), rule)(2)
    expect(await next(ann)).toMatchObject({ payload: { data: { id: 2 } } })
    expect(ann.messages).toHaveLength(1)
  })

  it('is not run before there is a server to publish', async () => {
    let hasRun = false
    const mutation = async () => {
      hasRun = true
    }
    const homeless = new ConvexRealtimeIntegration()
    await expect(
      homeless.withRealtimeSync(mutation, { table: 'a', operation: 'create' })(),
    ).rejects.toThrow(ConfigError)
    expect(hasRun).toBe(false)
  })
})

describe('a mutation that is run here', () => {
  const publish = { table: 'orders', operation: 'create' } as const

  it('publishes after its success', async () => {
    const ann = await follow('ann', TOPICS)
    const order = await convex.runMutation(orders.create, { customer: 'ada' }, { publish })
    expect(order).toMatchObject({ customer: 'ada', status: 'open' })
    expect(await next(ann)).toMatchObject({ payload: { operation: 'create', data: order } })
    const toOwner = (result: Order, { customer }: { customer: string }) => ({
      type: 'order.created',
      payload: result._id,
      userId: customer,
    })
    const other = await convex.runMutation(orders.create, { customer: 'ann' }, { publish: toOwner })
    expect(await next(ann)).toMatchObject({ type: 'order.created', payload: other._id })
  })

  it('publishes nothing where Convex refuses it, or its answer is junk or lost', async () => {
    const ann = await follow('ann', TOPICS)
    const run = (customer: string) => convex.runMutation(orders.create, { customer }, { publish })
    await expect(run('nobody')).rejects.toMatchObject({ data: { code: 'no_customer' } })
    for (const fault of ['junk', 'error', 'lost'] as const) {
      shop.httpFault = fault
      await expect(run('ada')).rejects.toThrow()
    }
    shop.httpFault = undefined
    await run('bob')
    expect(await next(ann)).toMatchObject({ payload: { data: { customer: 'bob' } } })
    expect(ann.messages).toHaveLength(1)
  })

  it.each([
    undefined,
    'happy-otter-123',
    'https://happy-otter-123.convex.site/',
    'https://happy-otter-123.convex.cloud/api',
    'https://ann:secret@happy-otter-123.convex.cloud',
  ])('needs a deployment’s address, which %s is not', async (url) => {
    const homeless = new ConvexRealtimeIntegration({ ...(url && { url }) })
    const ran = homeless.runMutation(orders.create, { customer: 'a' }, { publish })
    await expect(ran).rejects.toThrow('url must be')
    expect(() => homeless.watch(orders.list, {}, {})).toThrow('url must be')
  })
})

describe('while nothing can be published', () => {
  it('mutations succeed, and are published once, in order, when it can', async () => {
    const redis = await RedisServer.start()
    const there = new ConvexRealtimeIntegration()
    const node = await startTestServer({ convex: there, redisUrl: redis.url })
    try {
      const ann = await SocketClient.connect(node.url, { token: 'dev:ann' })
      const change = there.withRealtimeSync(async (n: number) => n, {
        table: 'orders',
        operation: 'update',
        getUserId: () => 'ann',
      })
      await change(0)
      await ann.next('message')
      redis.freeze()
      for (let n = 1; n <= 5; n += 1) expect(await change(n)).toBe(n)
      const stats = () => (node.server.stats() as { convex: { publishing: object } }).convex
      expect(stats().publishing).toMatchObject({ waiting: 5, lost: 0 })
      redis.thaw()
      await waitFor('all of them', () => ann.messages.length >= 6, 20_000)
      await waitFor('the end', () => JSON.stringify(stats()).includes('"waiting":0'))
      expect(ann.messages.map(({ payload }) => payload.data)).toEqual([0, 1, 2, 3, 4, 5])
    } finally {
      await node.close()
      await redis.stop()
    }
  })

  it('says how much waits, was tried again, and is lost', () => {
    expect(publishing()).toEqual({ waiting: 0, retries: 0, lost: 0 })
  })
})
