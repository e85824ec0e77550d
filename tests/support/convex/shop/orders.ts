// Convex functions of the tests' own shop.

import {
  actionGeneric,
  internalMutationGeneric,
  makeFunctionReference,
  mutationGeneric,
  queryGeneric,
} from 'convex/server'
import { ConvexError, v } from 'convex/values'

export const list = queryGeneric({
  args: { status: v.optional(v.string()) },
  handler: async (ctx, { status }) => {
    const orders = await ctx.db.query('orders').collect()
    return orders.filter((order) => status === undefined || order.status === status)
  },
})

/** A result that is no list of documents. */
export const count = queryGeneric({
  args: {},
  handler: async (ctx) => (await ctx.db.query('orders').collect()).length,
})

/** Fails while there is an order of a customer named "broken". */
export const fragile = queryGeneric({
  args: {},
  handler: async (ctx) => {
    const orders = await ctx.db.query('orders').collect()
    if (orders.some(({ customer }) => customer === 'broken')) throw new Error('a broken order')
    return orders
  },
})

export const whoAmI = queryGeneric({
  args: {},
  handler: async (ctx) => (await ctx.auth.getUserIdentity())?.subject ?? null,
})

export const create = mutationGeneric({
  args: { customer: v.string(), status: v.optional(v.string()), total: v.optional(v.number()) },
  handler: async (ctx, { status = 'open', ...order }) => {
    const id = await ctx.db.insert('orders', { status, ...order })
    if (order.customer === 'nobody') throw new ConvexError({ code: 'no_customer' })
    return await ctx.db.get(id)
  },
})

export const setStatus = mutationGeneric({
  args: { id: v.id('orders'), status: v.string() },
  handler: async (ctx, { id, status }) => {
    await ctx.db.patch(id, { status })
    return await ctx.db.get(id)
  },
})

export const remove = mutationGeneric({
  args: { id: v.id('orders') },
  handler: async (ctx, { id }) => {
    await ctx.db.delete(id)
    return { _id: id }
  },
})

/** Ships it a little later, by a scheduled function. */
export const shipSoon = mutationGeneric({
  args: { id: v.id('orders') },
  handler: async (ctx, { id }) => {
    await ctx.scheduler.runAfter(0, makeFunctionReference<'mutation'>('orders:ship'), { id })
  },
})

export const ship = internalMutationGeneric({
  args: { id: v.id('orders') },
  handler: async (ctx, { id }) => {
    await ctx.db.patch(id, { status: 'shipped' })
  },
})

export const createByAction = actionGeneric({
  args: { customer: v.string() },
  handler: (ctx, args) => ctx.runMutation(makeFunctionReference<'mutation'>('orders:create'), args),
})
