// What the app calls: publishing, and looking after what could not be delivered.

import { v } from 'convex/values'
import { internal } from './_generated/api.js'
import type { Doc, Id } from './_generated/dataModel.js'
import { type DatabaseReader, mutation, query } from './_generated/server.js'
import { isKeyLifeEnough, readLimits } from './limits.js'
import { audienceOf, bodyOf, draftFields } from './message.js'
import { firstRows } from './rows.js'
import { readServer } from './server.js'

/**
 * Writes the message into the outbox, as part of the transaction that calls it, and nothing else: it
 * reads no row that another transaction writes. Returns its id.
 */
export const publish = mutation({
  args: draftFields,
  returns: v.id('messages'),
  handler: async (ctx, draft) => {
    const audience = audienceOf(draft)
    const id = await ctx.db.insert('messages', {
      state: 'pending',
      audience,
      committedAt: ctx.db.vars.commitTs,
      type: draft.type,
      route: draft.everyone ? 'broadcast' : 'send',
      body: bodyOf(draft),
      since: Date.now(),
      attempts: 0,
    })
    await ctx.scheduler.runAfter(0, internal.delivery.start, { audience })
    return id
  },
})

/** How the outbox does. Counts end at a hundred, and sooner where messages are large. */
export const status = query({
  args: {},
  returns: v.object({
    pending: v.number(),
    dead: v.number(),
    oldestPendingSince: v.optional(v.number()),
    /** Why nothing is delivered at present, and when Syncline is asked again. */
    restsUntil: v.optional(v.number()),
    fault: v.optional(v.string()),
    /** What Syncline said last. */
    idempotencyTtlMs: v.optional(v.number()),
    maxAgeMs: v.number(),
    /** Whether Syncline remembers keys for as long as messages are tried; absent until it has said so. */
    isKeyLifeEnough: v.optional(v.boolean()),
  }),
  handler: async (ctx) => {
    const { maxAgeMs } = readLimits()
    const { restsUntil, fault, idempotencyTtlMs } = (await readServer(ctx.db)) ?? {}
    const pending = await oldest(ctx.db, 'pending')
    const dead = await oldest(ctx.db, 'dead')
    return {
      pending: pending.length,
      dead: dead.length,
      ...(pending[0] !== undefined && { oldestPendingSince: pending[0].since }),
      ...(restsUntil !== undefined && { restsUntil }),
      ...(fault !== undefined && { fault }),
      ...(idempotencyTtlMs !== undefined && {
        idempotencyTtlMs,
        isKeyLifeEnough: isKeyLifeEnough(idempotencyTtlMs),
      }),
      maxAgeMs,
    }
  },
})

/** Messages that are not tried any more, the oldest first: a hundred at most, fewer where they are large. */
export const deadLetters = query({
  args: {},
  returns: v.array(
    v.object({
      id: v.id('messages'),
      type: v.string(),
      audience: v.string(),
      body: v.string(),
      since: v.number(),
      attempts: v.number(),
      fault: v.optional(v.string()),
    }),
  ),
  handler: async (ctx) => {
    const rows = await oldest(ctx.db, 'dead')
    return rows.map(({ _id: id, type, audience, body, since, attempts, fault }) => ({
      id,
      type,
      audience,
      body,
      since,
      attempts,
      ...(fault !== undefined && { fault }),
    }))
  },
})

/**
 * Sends dead letters on their way anew: these, or the oldest; a hundred at most, fewer where they are
 * large. It keeps their keys, so one that had got through after all is published again only where
 * Syncline has forgotten its key. Returns how many it were.
 */
export const redrive = mutation({
  args: { ids: v.optional(v.array(v.id('messages'))) },
  returns: v.number(),
  handler: async (ctx, { ids }) => {
    const rows = ids === undefined ? await oldest(ctx.db, 'dead') : await named(ctx.db, ids)
    const dead = rows.filter(({ state }) => state === 'dead')
    for (const { _id } of dead) {
      await ctx.db.patch('messages', _id, {
        state: 'pending',
        since: Date.now(),
        attempts: 0,
        firstAttemptAt: undefined,
        failures: undefined,
        retryAt: undefined,
        fault: undefined,
      })
    }
    for (const audience of new Set(dead.map((row) => row.audience))) {
      await ctx.scheduler.runAfter(0, internal.delivery.start, { audience })
    }
    return dead.length
  },
})

async function oldest(db: DatabaseReader, state: 'pending' | 'dead') {
  const all = db.query('messages').withIndex('by_age', (q) => q.eq('state', state))
  return (await firstRows(all)).rows
}

async function named(db: DatabaseReader, ids: readonly Id<'messages'>[]) {
  async function* all(): AsyncGenerator<Doc<'messages'>> {
    for (const id of ids) {
      const row = await db.get('messages', id)
      if (row !== null) yield row
    }
  }
  return (await firstRows(all())).rows
}
