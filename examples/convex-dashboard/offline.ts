// Stands in for a Convex deployment on this machine: the functions of this folder, in convex-test. It
// keeps nothing, and is no real back end; with CONVEX_URL none of this runs.

import { register } from 'syncline/convex/test'
import { ConvexStandIn } from '../../tests/support/ConvexStandIn.js'
import schema from './convex/schema.js'

const modules = {
  './convex/_generated/api.js': () => import('./convex/_generated/api.js'),
  './convex/downloads.js': () => import('./convex/downloads.js'),
  './convex/orders.js': () => import('./convex/orders.js'),
  './convex/syncline.js': () => import('./convex/syncline.js'),
}

/** Returns what CONVEX_URL would be. `env` is what `npx convex env set` would have set. */
export async function startOffline(env: Record<string, string>): Promise<string> {
  Object.assign(process.env, env)
  const standIn = await ConvexStandIn.start({ schema, modules })
  register(standIn.t)
  return standIn.url
}
