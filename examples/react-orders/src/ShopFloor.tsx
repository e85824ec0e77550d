// What is seen of the shop: how the connection stands, the orders, and a place to order.

import { useMemo, useState } from 'react'
import { useConnectionManager } from 'syncline/react'
import { Notifications } from './Notifications.js'
import { OrderForm } from './OrderForm.js'
import { OrderRow } from './OrderRow.js'
import { createShop } from './shop.js'
import { useOrders } from './useOrders.js'

export function ShopFloor({ token, onLeave }: { token: string; onLeave: () => void }) {
  const shop = useMemo(() => createShop(token), [token])
  const { orders, error, refetch, take } = useOrders(shop)
  const [fault, setFault] = useState<Error>()

  /** The answer to a change is as good as the message of it, and comes without a connection, too. */
  async function change(asked: ReturnType<typeof shop.order>) {
    try {
      take(await asked)
      setFault(undefined)
    } catch (error) {
      setFault(error instanceof Error ? error : new Error(String(error)))
    }
  }

  return (
    <main>
      <header>
        <h1>Orders</h1>
        <ConnectionState />
        <button type="button" className="quiet" onClick={onLeave}>
          Leave
        </button>
      </header>
      <Notifications />
      <OrderForm onOrder={(item) => change(shop.order(item))} />
      {fault && <p role="alert">Not done: {fault.message}</p>}
      {error && (
        <p role="alert">
          The orders could not be fetched: {error.message}{' '}
          <button type="button" onClick={() => void refetch()}>
            Try again
          </button>
        </p>
      )}
      <ul className="orders" aria-label="Orders, newest first">
        {orders.toReversed().map((order) => (
          <OrderRow
            key={order.id}
            order={order}
            onStatus={(status) => change(shop.setStatus(order.id, status))}
          />
        ))}
      </ul>
      {orders.length === 0 && <p className="dim">No orders yet.</p>}
    </main>
  )
}

function ConnectionState() {
  const { status, transport, userId } = useConnectionManager()
  return (
    <p className="state" role="status" data-status={status}>
      {userId}: {status} {transport && `by ${transport}`}
    </p>
  )
}
