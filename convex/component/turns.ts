// The turns of a delivery, each a transaction: takes what came of the last step, and says which is
// the next one. That a message was attempted is written down before it is.

import { type Infer, v } from 'convex/values'
import { internal } from './_generated/api.js'
import type { Doc } from './_generated/dataModel.js'
import { internalMutation, type MutationCtx } from './_generated/server.js'
import { begin, prolong } from './leases.js'
import { MAX_BATCH, RUN_MS } from './limits.js'
import { type Heard, heard, type Outcome, outcome, posting } from './posting.js'
import { bury, nextRows, noteAttempt, putOff, reasonToEnd } from './rows.js'
import { isResting, noteHeard, rest } from './server.js'

const step = v.union(
  v.object({ kind: v.literal('post'), postings: v.array(posting) }),
  /** Before anything is posted again, it has to be known for how long keys are remembered. */
  v.object({ kind: v.literal('ask'), atMost: v.number() }),
  v.object({ kind: v.literal('end') }),
)
type Step = Infer<typeof step>

export const next = internalMutation({
  args: {
    lease: v.id('leases'),
    posted: v.optional(v.object({ ids: v.array(v.id('messages')), told: outcome })),
    asked: v.optional(v.object({ heard, atMost: v.number() })),
  },
  returns: step,
  handler: async (ctx, { lease: leaseId, posted, asked }): Promise<Step> => {
    let atMost = asked?.atMost ?? MAX_BATCH
    if (posted !== undefined) {
      const rows = await Promise.all(posted.ids.map((id) => ctx.db.get('messages', id)))
      // Also from one that has lost its lease meanwhile: it is true all the same.
      const left = rows.filter((row) => row !== null)
      atMost = await settle(ctx, left, { told: posted.told, count: rows.length })
    }
    if (asked !== undefined) await noteHeard(ctx, asked.heard)
    const lease = await ctx.db.get('leases', leaseId)
    if (lease === null) return { kind: 'end' }
    const isLong = Date.now() - lease._creationTime > RUN_MS
    if (atMost === 0 || isLong || (await isResting(ctx.db))) return giveBack(ctx, lease)
    return claim(ctx, lease, atMost, asked?.heard)
  },
})

interface Posted {
  readonly told: Outcome
  /** How many were posted together; some may be settled by others since. */
  readonly count: number
}

/** Returns how many may be posted next; none where it is time to wait. */
async function settle(
  ctx: MutationCtx,
  rows: readonly Doc<'messages'>[],
  { told, count }: Posted,
): Promise<number> {
  const [head] = rows
  switch (told.kind) {
    case 'delivered':
      for (const { _id } of rows) await ctx.db.delete('messages', _id)
      return MAX_BATCH
    case 'refused':
      // Of several it is not said which one: fewer, then, until it stands alone.
      if (head !== undefined && count === 1) await bury(ctx, head._id, told.fault)
      return Math.max(1, Math.floor(count / 2))
    case 'away':
      await rest(ctx, told)
      break
    case 'failed':
  }
  if (head === undefined) return 0
  const isFailure = told.kind === 'failed'
  const retryAt = await putOff(ctx, rows, { fault: told.fault, isFailure, isAlone: count === 1 })
  await ctx.scheduler.runAt(retryAt, internal.delivery.start, { audience: head.audience })
  return 0
}

async function claim(
  ctx: MutationCtx,
  lease: Doc<'leases'>,
  atMost: number,
  heard: Heard | undefined,
): Promise<Step> {
  const rows = await nextRows(ctx.db, lease.audience, atMost)
  const [head] = rows
  if (head === undefined || (head.retryAt ?? 0) > Date.now()) return giveBack(ctx, lease)
  await prolong(ctx, lease)
  const wasTried = rows.some(({ firstAttemptAt }) => firstAttemptAt !== undefined)
  if (heard === undefined && wasTried) return { kind: 'ask', atMost }
  const keyLifeMs = heard?.kind === 'well' ? heard.idempotencyTtlMs : undefined
  const live: Doc<'messages'>[] = []
  for (const row of rows) {
    const reason = reasonToEnd(row, keyLifeMs)
    if (reason === undefined) live.push(row)
    else await bury(ctx, row._id, reason)
  }
  await noteAttempt(ctx, live)
  // None, where all were too old: then there may be more behind them.
  return {
    kind: 'post',
    postings: live.map(({ _id: id, route, body }) => ({ id, route, body })),
  }
}

async function giveBack(ctx: MutationCtx, { _id, audience }: Doc<'leases'>): Promise<Step> {
  await ctx.db.delete('leases', _id)
  if (!(await isResting(ctx.db))) await begin(ctx, audience)
  return { kind: 'end' }
}
