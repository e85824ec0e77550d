// What is known of Syncline: whether it is being left in peace, and until when. One document, which
// is written only when something changes, so that reading it gets in nobody's way.

import { internal } from './_generated/api.js'
import type { Doc } from './_generated/dataModel.js'
import type { DatabaseReader, MutationCtx } from './_generated/server.js'
import { CLOCK_STEP_MS, LONGEST_ASKED_REST_MS, LONGEST_REST_MS, readLimits } from './limits.js'
import { pauseMs } from './pauses.js'
import type { Away, Heard } from './posting.js'

export async function readServer(db: DatabaseReader): Promise<Doc<'server'> | null> {
  return db.query('server').first()
}

export async function isResting(db: DatabaseReader): Promise<boolean> {
  return (await readServer(db))?.restsUntil !== undefined
}

/** Leaves Syncline in peace for a while, then asks how it does: one asks, for all audiences. */
export async function rest(ctx: MutationCtx, { fault, retryAfterMs = 0 }: Away): Promise<void> {
  const known = await readServer(ctx.db)
  const now = Date.now()
  // Several deliveries meet the same fault: it counts once.
  if (known?.restsUntil !== undefined && known.restsUntil > now) return
  const failures = (known?.failures ?? 0) + 1
  const pause = pauseMs(failures, readLimits().retryMs, LONGEST_REST_MS)
  const restsUntil = now + Math.max(pause, Math.min(retryAfterMs, LONGEST_ASKED_REST_MS))
  const facts = { failures, fault, restsUntil }
  if (known === null) await ctx.db.insert('server', facts)
  else await ctx.db.patch('server', known._id, facts)
  await ctx.scheduler.runAt(restsUntil + CLOCK_STEP_MS, internal.delivery.ask, {})
}

/** What Syncline said of itself. Where it does well again, all that waited is started. */
export async function noteHeard(ctx: MutationCtx, heard: Heard): Promise<void> {
  if (heard.kind === 'away') return rest(ctx, heard)
  const { idempotencyTtlMs } = heard
  const known = await readServer(ctx.db)
  if (known?.restsUntil !== undefined && known.restsUntil > Date.now()) {
    // Whoever asked before the rest began doesn't end it.
    await ctx.db.patch('server', known._id, { idempotencyTtlMs })
    return
  }
  const facts = { failures: 0, restsUntil: undefined, fault: undefined, idempotencyTtlMs }
  if (known === null) {
    await ctx.db.insert('server', { failures: 0, ...(idempotencyTtlMs && { idempotencyTtlMs }) })
  } else if (known.failures > 0 || known.idempotencyTtlMs !== idempotencyTtlMs) {
    await ctx.db.patch('server', known._id, facts)
  }
  if (known?.restsUntil !== undefined) {
    await ctx.scheduler.runAfter(0, internal.upkeep.recover, {})
  }
}
