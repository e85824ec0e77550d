// Orders, which everybody in the shop follows. A demonstration believes who says that he is ann: in
// earnest it is `ctx.auth` that knows.

import { ConvexError, v } from 'convex/values'
import { withRealtimeSync } from 'syncline/convex'
import { mutation, query } from './_generated/server.js'
import { syncline } from './syncline.js'

const MAX_ITEM_LENGTH = 80

/** The latest hundred, the oldest first. */
export const list = query({
  args: {},
  handler: async (ctx) => (await ctx.db.query('orders').order('desc').take(100)).reverse(),
})

// Without Syncline this line would say `mutation({`. The order is published if the mutation commits.
export const create = withRealtimeSync(syncline, mutation, {
  table: 'orders',
  operation: 'create',
})({
  args: { item: v.string(), orderedBy: v.string() },
  handler: async (ctx, { item, orderedBy }) => {
    const id = await ctx.db.insert('orders', { item, orderedBy, status: 'new', version: 1 })
    if (item === '' || item.length > MAX_ITEM_LENGTH) {
      throw new ConvexError(`item: 1–${MAX_ITEM_LENGTH} characters`)
    }
    return ctx.db.get('orders', id)
  },
})

export const advance = withRealtimeSync(syncline, mutation, {
  table: 'orders',
  operation: 'update',
})({
  args: { id: v.id('orders') },
  handler: async (ctx, { id }) => {
    const order = await ctx.db.get('orders', id)
    if (order === null) throw new ConvexError('there is no such order')
    const status = order.status === 'new' ? 'packed' : 'sent'
    await ctx.db.patch('orders', id, { status, version: order.version + 1 })
    if (status === 'sent') {
      await syncline.publish(ctx, {
        type: 'notification.new',
        payload: { title: 'On its way', message: order.item },
        userId: order.orderedBy,
      })
    }
    return ctx.db.get('orders', id)
  },
})
