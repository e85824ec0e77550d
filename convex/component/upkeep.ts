// What keeps the outbox going when something was cut off, and small when something was left.

import { v } from 'convex/values'
import { internal } from './_generated/api.js'
import type { Doc } from './_generated/dataModel.js'
import { internalMutation, type MutationCtx } from './_generated/server.js'
import { begin } from './leases.js'
import {
  DEAD_LETTERS_KEPT_MS,
  isKeyLifeEnough,
  LEASE_MS,
  MAX_READ_BYTES,
  MAX_ROWS,
  readLimits,
} from './limits.js'
import { heard } from './posting.js'
import { bury, bytesOf, firstRows } from './rows.js'
import { noteHeard, readServer } from './server.js'

/**
 * Starts every audience that has something due and nobody at it: `after` this one, a hundred at a
 * time, fewer where messages are large. While Syncline rests it only sees to it that somebody asks.
 */
export const recover = internalMutation({
  args: { after: v.optional(v.string()) },
  returns: v.null(),
  handler: async (ctx, { after = '' }) => {
    const { restsUntil } = (await readServer(ctx.db)) ?? {}
    if (restsUntil !== undefined) {
      const isLate = Date.now() - restsUntil > LEASE_MS
      if (isLate) await ctx.scheduler.runAfter(0, internal.delivery.ask, {})
      return null
    }
    let last = after
    let bytes = 0
    for (let started = 0; started < MAX_ROWS && bytes < MAX_READ_BYTES; started += 1) {
      const head = await nextHead(ctx, last)
      if (head === null) return null
      await begin(ctx, head.audience)
      bytes += bytesOf(head)
      last = head.audience
    }
    await ctx.scheduler.runAfter(0, internal.upkeep.recover, { after: last })
    return null
  },
})

function nextHead({ db }: MutationCtx, after: string): Promise<Doc<'messages'> | null> {
  return db
    .query('messages')
    .withIndex('by_order', (q) => q.eq('state', 'pending').gt('audience', after))
    .first()
}

/** Buries what is too old to be sent, and clears away what was buried long ago. */
export const sweep = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const { maxAgeMs } = readLimits()
    const now = Date.now()
    const rowsOf = (state: 'pending' | 'dead', before: number) =>
      firstRows(
        ctx.db
          .query('messages')
          .withIndex('by_age', (q) => q.eq('state', state).lt('since', before)),
      )
    const late = await rowsOf('pending', now - maxAgeMs)
    for (const { _id, fault } of late.rows) {
      await bury(
        ctx,
        _id,
        `older than ${maxAgeMs} ms${fault === undefined ? '' : `; last: ${fault}`}`,
      )
    }
    const old = await rowsOf('dead', now - DEAD_LETTERS_KEPT_MS)
    for (const { _id } of old.rows) await ctx.db.delete('messages', _id)
    if (late.isFull || old.isFull) await ctx.scheduler.runAfter(0, internal.upkeep.sweep, {})
    return null
  },
})

export const note = internalMutation({
  args: { heard },
  returns: v.null(),
  handler: async (ctx, { heard }) => {
    await noteHeard(ctx, heard)
    const keyLifeMs = heard.kind === 'well' ? heard.idempotencyTtlMs : undefined
    if (keyLifeMs !== undefined && !isKeyLifeEnough(keyLifeMs)) {
      // biome-ignore lint/suspicious/noConsole: the log of a Convex function
      console.warn(
        `Syncline remembers keys for ${keyLifeMs} ms: what can't be delivered within that time of its first attempt becomes a dead letter. Set its IDEMPOTENCY_TTL_MS to 86400000.`,
      )
    }
    return null
  },
})
