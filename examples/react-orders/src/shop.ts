// The shop's own API: who asks is told by the token, as it is to Syncline.

import type { Order, OrderStatus } from './orders.js'

export interface Shop {
  fetchOrders(): Promise<readonly Order[]>
  order(item: string): Promise<Order>
  setStatus(id: string, status: OrderStatus): Promise<Order>
}

export function createShop(token: string): Shop {
  async function ask<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const response = await fetch(path, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}`)
    return response.json()
  }
  return {
    fetchOrders: () => ask('GET', '/orders'),
    order: (item) => ask('POST', '/orders', { item }),
    setStatus: (id, status) => ask('PATCH', `/orders/${id}`, { status }),
  }
}
