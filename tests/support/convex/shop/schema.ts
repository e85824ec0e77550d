// The tables of the tests' own shop.

import { defineSchema, defineTable } from 'convex/server'
import { v } from 'convex/values'

export const schema = defineSchema({
  orders: defineTable({ customer: v.string(), status: v.string(), total: v.optional(v.number()) }),
})
