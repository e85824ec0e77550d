// The builder for an app's functions on Convex: they publish what they return, and are what they were
// otherwise.

import { expect, it } from '@jest/globals'
import { internalMutationGeneric, makeFunctionReference, mutationGeneric } from 'convex/server'
import { v } from 'convex/values'
import { withRealtimeSync } from '../../../convex/client/index.js'
import { Outbox, syncline } from '../../support/convex/Outbox.js'
import { outboxScene } from '../../support/convex/outboxScene.js'

interface Order {
  readonly id: number
  readonly by: string
}

const scene = outboxScene()

const creates = { table: 'orders', operation: 'create' } as const
const functions = {
  create: withRealtimeSync(
    syncline,
    mutationGeneric,
    creates,
  )({
    args: { id: v.number() },
    returns: v.object({ id: v.number() }),
    handler: async (ctx, { id }) => {
      await ctx.db.insert('notes', { text: String(id) })
      if (id < 0) throw new Error('no such id')
      return { id }
    },
  }),
  remove: withRealtimeSync(syncline, mutationGeneric, {
    table: 'orders',
    operation: 'delete',
  })(async () => {}),
  lose: withRealtimeSync(syncline, mutationGeneric, {
    table: 'orders',
    operation: 'update',
    getUserId: () => undefined as unknown as string,
  })(async () => {}),
  tell: withRealtimeSync(syncline, internalMutationGeneric, {
    table: 'orders',
    operation: 'update',
    getUserId: ({ by }: Order) => by,
    getData: ({ id }: Order) => ({ changed: id }),
  })({
    args: { id: v.number(), by: v.string() },
    handler: async (_ctx, order) => order,
  }),
}
const call = (name: keyof typeof functions, args = {}) => {
  scene.outbox = new Outbox({}, { './shop.js': async () => functions })
  return scene.outbox.t.mutation(makeFunctionReference<'mutation'>(`shop:${name}`), args)
}

const updatesOf = async (userId: string, topics?: string) =>
  (await scene.read(userId, topics)).filter(({ type }) => type === 'convex.update')

it('publishes what a mutation returns, to those who follow its table or operation', async () => {
  expect(await call('create', { id: 7 })).toEqual({ id: 7 })
  await scene.untilEmpty()
  for (const topic of ['convex.orders', 'convex.orders.create']) {
    const [update] = await updatesOf(scene.user, topic)
    expect(update).toMatchObject({
      payload: { table: 'orders', operation: 'create', data: { id: 7 } },
      topics: ['convex.orders', 'convex.orders.create'],
    })
  }
  expect(await updatesOf(scene.user, 'convex.orders.update')).toEqual([])
})

it('publishes nothing of a mutation that fails, or that was not asked for rightly', async () => {
  await expect(call('create', { id: -1 })).rejects.toThrow('no such id')
  await expect(call('create', { id: 'seven' })).rejects.toThrow('Validator error')
  expect(await scene.outbox.status()).toMatchObject({ pending: 0, dead: 0 })
  expect(scene.front.posted).toEqual([])
})

it('takes a function alone, and one that returns nothing', async () => {
  expect(await call('remove')).toBeNull()
  await scene.untilEmpty()
  const [update] = await updatesOf(scene.user, 'convex.orders.delete')
  expect(update?.payload).toEqual({ table: 'orders', operation: 'delete' })
})

it('tells one user alone where it is his, and what it is told to', async () => {
  await call('tell', { id: 3, by: scene.user })
  await scene.untilEmpty()
  const own = await updatesOf(scene.user)
  expect(own.map(({ payload }) => payload)).toEqual([
    { table: 'orders', operation: 'update', data: { changed: 3 } },
  ])
  expect(await updatesOf('someone', 'convex.orders.update')).toEqual([])
})

it('fails, and tells nobody, where it finds nobody whose it is', async () => {
  await expect(call('lose')).rejects.toThrow('userId: is undefined')
  expect(await scene.outbox.status()).toMatchObject({ pending: 0, dead: 0 })
})

it('leaves what is internal internal', () => {
  expect({ ...functions.create }).toMatchObject({ isPublic: true, isMutation: true })
  expect({ ...functions.tell }).toMatchObject({ isInternal: true, isMutation: true })
})
