// Everybody's orders, the newest first, and a place to order.

import { type FormEvent, useState } from 'react'
import type { Shop } from './shop.js'
import { useRows } from './useRows.js'

const NEXT = { new: 'Pack', packed: 'Send' } as const

export function Orders({ shop }: { shop: Shop }) {
  const { rows, error, refetch } = useRows('orders', shop.orders)
  const [item, setItem] = useState('')
  const [fault, setFault] = useState<Error>()

  async function change(asked: Promise<unknown>) {
    setFault(undefined)
    await asked.catch(setFault)
  }
  function submit(event: FormEvent) {
    event.preventDefault()
    // What could not be ordered stays there, to be tried again.
    void change(shop.order(item).then(() => setItem('')))
  }

  return (
    <section aria-label="Orders">
      <form onSubmit={submit}>
        <label>
          <span>What would you like?</span>
          <input
            value={item}
            onChange={(event) => setItem(event.target.value)}
            placeholder="A fountain pen"
            autoComplete="off"
            maxLength={80}
            required
          />
        </label>
        <button type="submit">Order</button>
      </form>
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
        {rows.toReversed().map((order) => (
          <li key={order._id} data-status={order.status}>
            <span className="item">{order.item}</span>
            <span className="dim">for {order.orderedBy}</span>
            <span className="status">{order.status}</span>
            {order.status !== 'sent' && (
              <button
                type="button"
                className="quiet"
                onClick={() => void change(shop.advance(order))}
              >
                {NEXT[order.status]}
              </button>
            )}
          </li>
        ))}
      </ul>
      {rows.length === 0 && <p className="dim">No orders yet.</p>}
    </section>
  )
}
