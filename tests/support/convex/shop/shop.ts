// The tests' own shop behind the stand-in, and its functions by name.

import {
  type DefaultFunctionArgs,
  type FunctionReference,
  makeFunctionReference,
} from 'convex/server'
import { ConvexStandIn } from '../../ConvexStandIn.js'
import { schema } from './schema.js'

export interface Order {
  readonly _id: string
  readonly _creationTime: number
  readonly customer: string
  readonly status: string
  readonly total?: number
}

type Args = DefaultFunctionArgs
type Query<A extends Args, Result> = FunctionReference<'query', 'public', A, Result>
type Mutation<A extends Args, Result> = FunctionReference<'mutation', 'public', A, Result>

const named = makeFunctionReference as unknown as <Reference>(name: string) => Reference

export const orders = {
  list: named<Query<{ status?: string }, Order[]>>('orders:list'),
  count: named<Query<Record<string, never>, number>>('orders:count'),
  fragile: named<Query<Record<string, never>, Order[]>>('orders:fragile'),
  whoAmI: named<Query<Record<string, never>, string | null>>('orders:whoAmI'),
  create:
    named<Mutation<{ customer: string; status?: string; total?: number }, Order>>('orders:create'),
  setStatus: named<Mutation<{ id: string; status: string }, Order>>('orders:setStatus'),
  remove: named<Mutation<{ id: string }, { _id: string }>>('orders:remove'),
  shipSoon: named<Mutation<{ id: string }, null>>('orders:shipSoon'),
  ship: named<Mutation<{ id: string }, null>>('orders:ship'),
  createByAction:
    named<FunctionReference<'action', 'public', { customer: string }, Order>>(
      'orders:createByAction',
    ),
}

export function startShop(port?: number): Promise<ConvexStandIn> {
  const modules = {
    './_generated/api.ts': async () => ({}),
    './orders.ts': () => import('./orders.js'),
  }
  return ConvexStandIn.start({ schema, modules, ...(port !== undefined && { port }) })
}
