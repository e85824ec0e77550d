// One order, and the step that comes next for it.

import { type Order, type OrderStatus, STATUSES } from './orders.js'

interface OrderRowProps {
  readonly order: Order
  readonly onStatus: (status: OrderStatus) => Promise<void>
}

export function OrderRow({ order, onStatus }: OrderRowProps) {
  const { item, orderedBy, status } = order
  const next = STATUSES[STATUSES.indexOf(status) + 1]
  return (
    <li data-status={status}>
      <span className="item">{item}</span>
      <span className="dim">for {orderedBy}</span>
      <span className="status">{status}</span>
      {next && (
        <button type="button" className="quiet" onClick={() => void onStatus(next)}>
          {next === 'ready' ? 'Done' : 'Begin'}
        </button>
      )}
    </li>
  )
}
