// Syncline, for the functions beside this file, and for whoever looks after the outbox:
// `npx convex run syncline:outbox`, `npx convex run syncline:redrive`.

import { Syncline } from 'syncline/convex'
import { components } from './_generated/api.js'
import { internalMutation, internalQuery } from './_generated/server.js'

export const syncline = new Syncline(components.syncline)

export const outbox = internalQuery({
  args: {},
  handler: async (ctx) => ({
    status: await syncline.status(ctx),
    deadLetters: await syncline.deadLetters(ctx),
  }),
})

export const redrive = internalMutation({
  args: {},
  handler: (ctx) => syncline.redrive(ctx),
})
