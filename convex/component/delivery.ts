// Delivers the messages of one audience, in their order: whoever holds the audience's lease does so.
//
//   publish ─► start ─► lease ─► deliver ─► next ─► post ─► next ─► … nothing left: lease given back
//                ▲                           │
//                └───── later ◄── put off ───┘        recover (cron) starts what nobody is at

import { v } from 'convex/values'
import { internal } from './_generated/api.js'
import { internalAction, internalMutation } from './_generated/server.js'
import { begin } from './leases.js'
import { readLimits } from './limits.js'
import { askStatus, post } from './posting.js'
import { isResting } from './server.js'

export const start = internalMutation({
  args: { audience: v.string() },
  returns: v.null(),
  handler: async (ctx, { audience }) => {
    if (!(await isResting(ctx.db))) await begin(ctx, audience)
    return null
  },
})

/** May be cut off anywhere: what was posted, and not told of, is posted again with the same keys. */
export const deliver = internalAction({
  args: { lease: v.id('leases') },
  returns: v.null(),
  handler: async (ctx, { lease }) => {
    const { timeoutMs } = readLimits()
    let step = await ctx.runMutation(internal.turns.next, { lease })
    while (step.kind !== 'end') {
      if (step.kind === 'ask') {
        const asked = { heard: await askStatus(timeoutMs), atMost: step.atMost }
        step = await ctx.runMutation(internal.turns.next, { lease, asked })
      } else {
        const told = await post(step.postings, timeoutMs)
        const ids = step.postings.map(({ id }) => id)
        step = await ctx.runMutation(internal.turns.next, { lease, posted: { ids, told } })
      }
    }
    return null
  },
})

/** Asks how Syncline does: after a rest, and now and then. */
export const ask = internalAction({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const heard = await askStatus(readLimits().timeoutMs)
    await ctx.runMutation(internal.upkeep.note, { heard })
    return null
  },
})
