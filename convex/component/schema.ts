// The outbox: what is to be published, who is delivering what, and how Syncline does.

import { defineSchema, defineTable } from 'convex/server'
import { v } from 'convex/values'

export const messageState = v.union(v.literal('pending'), v.literal('dead'))
export const route = v.union(v.literal('send'), v.literal('broadcast'))

export default defineSchema({
  /** A row is deleted when Syncline has acknowledged it. Its id is its idempotency key. */
  messages: defineTable({
    state: messageState,
    /** Within it, messages keep the order in which they were committed. */
    audience: v.string(),
    committedAt: v.commitTs(),
    type: v.string(),
    route,
    /** The message as it is posted, JSON. */
    body: v.string(),
    /** When it was published, or sent on its way anew: milliseconds. */
    since: v.number(),
    /** How often it was the first one of a request that came to nothing. */
    attempts: v.number(),
    /** From then on Syncline may have it, and know its key. */
    firstAttemptAt: v.optional(v.number()),
    retryAt: v.optional(v.number()),
    /**
     * How often it made Syncline fail, posted alone. 0: with others, of which each is then posted alone
     * to find out which one it was.
     */
    failures: v.optional(v.number()),
    /** Why it was not delivered, the last time. */
    fault: v.optional(v.string()),
  })
    .index('by_order', ['state', 'audience', 'committedAt'])
    .index('by_age', ['state', 'since']),

  /** Who holds one delivers to that audience, and nobody else does. */
  leases: defineTable({
    audience: v.string(),
    expiresAt: v.number(),
  }).index('by_audience', ['audience']),

  /** One document: what was heard of Syncline. While `restsUntil` is there, nothing is delivered. */
  server: defineTable({
    idempotencyTtlMs: v.optional(v.number()),
    failures: v.number(),
    restsUntil: v.optional(v.number()),
    fault: v.optional(v.string()),
  }),
})
