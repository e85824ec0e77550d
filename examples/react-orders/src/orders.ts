// What an order is, what is told of it, and how a list of orders takes in what is newer.

export const STATUSES = ['new', 'in work', 'ready'] as const

export type OrderStatus = (typeof STATUSES)[number]

export interface Order {
  readonly id: string
  readonly item: string
  readonly status: OrderStatus
  readonly orderedBy: string
  /** Goes up with each change, so that the older of two can be told. */
  readonly version: number
}

declare module 'syncline/client' {
  interface Payloads {
    'order.created': Order
    'order.status.changed': Order
    'notification.new': { readonly title: string; readonly message: string }
  }
}

/** With this order in its place, unless what is there is as new. So it may well come twice. */
export function withOrder(orders: readonly Order[], order: Order): readonly Order[] {
  const known = orders.find(({ id }) => id === order.id)
  if (known === undefined) return [...orders, order]
  if (known.version >= order.version) return orders
  return orders.map((other) => (other === known ? order : other))
}
