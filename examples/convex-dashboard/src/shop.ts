// The shop's functions on Convex, called by plain requests: they pass where a WebSocket doesn't.

import { ConvexHttpClient } from 'convex/browser'
import type { FunctionReturnType } from 'convex/server'
import { api } from '../convex/_generated/api.js'

export type Order = FunctionReturnType<typeof api.orders.list>[number]
export type Download = FunctionReturnType<typeof api.downloads.list>[number]

declare module 'syncline/client' {
  interface Payloads {
    'convex.update':
      | { readonly table: 'orders'; readonly operation: string; readonly data: Order }
      | { readonly table: 'downloads'; readonly operation: string; readonly data: Download }
    'notification.new': { readonly title: string; readonly message: string }
  }
}

export type Shop = ReturnType<typeof createShop>

export function createShop(convexUrl: string, userId: string) {
  const convex = new ConvexHttpClient(convexUrl)
  return {
    orders: () => convex.query(api.orders.list, {}),
    order: (item: string) => convex.mutation(api.orders.create, { item, orderedBy: userId }),
    advance: ({ _id: id }: Order) => convex.mutation(api.orders.advance, { id }),
    downloads: () => convex.query(api.downloads.list, { userId }),
    download: (file: string) => convex.mutation(api.downloads.request, { file, userId }),
  }
}
