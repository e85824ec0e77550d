// One lease for each audience that is being delivered to, so that its order is kept. It expires, so
// that a delivery that was cut off holds up nobody for long.

import { internal } from './_generated/api.js'
import type { Doc } from './_generated/dataModel.js'
import type { MutationCtx } from './_generated/server.js'
import { LEASE_MS } from './limits.js'
import { pendingOf } from './rows.js'

/** Has an audience's messages delivered, unless somebody is at it or nothing is due. */
export async function begin({ db, scheduler }: MutationCtx, audience: string): Promise<void> {
  const now = Date.now()
  const head = await pendingOf(db, audience).first()
  if (head === null || (head.retryAt ?? 0) > now) return
  const held = await db
    .query('leases')
    .withIndex('by_audience', (q) => q.eq('audience', audience))
    .first()
  if (held !== null && held.expiresAt > now) return
  if (held !== null) await db.delete('leases', held._id)
  const lease = await db.insert('leases', { audience, expiresAt: now + LEASE_MS })
  await scheduler.runAfter(0, internal.delivery.deliver, { lease })
}

export async function prolong({ db }: MutationCtx, { _id }: Doc<'leases'>): Promise<void> {
  await db.patch('leases', _id, { expiresAt: Date.now() + LEASE_MS })
}
