// `syncline/convex/test`: puts the component into a convex-test, whatever runs the tests.

import type { GenericSchema, SchemaDefinition } from 'convex/server'
import type { TestConvex } from 'convex-test'
import schema from './component/schema.js'

export { schema }

/** Its functions, for those who register it themselves. */
export const modules = {
  './component/_generated/api.js': () => import('./component/_generated/api.js'),
  './component/crons.js': () => import('./component/crons.js'),
  './component/delivery.js': () => import('./component/delivery.js'),
  './component/outbox.js': () => import('./component/outbox.js'),
  './component/turns.js': () => import('./component/turns.js'),
  './component/upkeep.js': () => import('./component/upkeep.js'),
}

/** `name`: what the app installed it as. */
export function register<Schema extends SchemaDefinition<GenericSchema, boolean>>(
  test: TestConvex<Schema>,
  name = 'syncline',
): void {
  test.registerComponent(name, schema, modules)
}
