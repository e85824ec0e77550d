// Downloads, which are nobody's business but their owner's: what is told of them goes to him alone.

import { ConvexError, v } from 'convex/values'
import { withRealtimeSync } from 'syncline/convex'
import { internal } from './_generated/api.js'
import type { Doc } from './_generated/dataModel.js'
import { internalMutation, mutation, query } from './_generated/server.js'
import { syncline } from './syncline.js'

const PREPARED_AFTER_MS = 2000
const getUserId = ({ userId }: Doc<'downloads'>) => userId

export const list = query({
  args: { userId: v.string() },
  handler: async (ctx, { userId }) => {
    const own = ctx.db.query('downloads').withIndex('by_user', (q) => q.eq('userId', userId))
    return (await own.order('desc').take(100)).reverse()
  },
})

const created = { table: 'downloads', operation: 'create', getUserId } as const
export const request = withRealtimeSync(
  syncline,
  mutation,
  created,
)({
  args: { file: v.string(), userId: v.string() },
  handler: async (ctx, { file, userId }): Promise<Doc<'downloads'>> => {
    const id = await ctx.db.insert('downloads', { file, userId, status: 'preparing', version: 1 })
    await ctx.scheduler.runAfter(PREPARED_AFTER_MS, internal.downloads.finish, { id })
    return found(await ctx.db.get('downloads', id))
  },
})

const updated = { table: 'downloads', operation: 'update', getUserId } as const
export const finish = withRealtimeSync(
  syncline,
  internalMutation,
  updated,
)({
  args: { id: v.id('downloads') },
  handler: async (ctx, { id }): Promise<Doc<'downloads'>> => {
    const { version } = found(await ctx.db.get('downloads', id))
    await ctx.db.patch('downloads', id, { status: 'ready', version: version + 1 })
    return found(await ctx.db.get('downloads', id))
  },
})

function found(download: Doc<'downloads'> | null): Doc<'downloads'> {
  if (download === null) throw new ConvexError('there is no such download')
  return download
}
