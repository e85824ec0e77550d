// What the shop keeps. `version` goes up with each change, so that the older of two can be told.

import { defineSchema, defineTable } from 'convex/server'
import { v } from 'convex/values'

export default defineSchema({
  orders: defineTable({
    item: v.string(),
    orderedBy: v.string(),
    status: v.union(v.literal('new'), v.literal('packed'), v.literal('sent')),
    version: v.number(),
  }),
  downloads: defineTable({
    file: v.string(),
    userId: v.string(),
    status: v.union(v.literal('preparing'), v.literal('ready')),
    version: v.number(),
  }).index('by_user', ['userId']),
})
