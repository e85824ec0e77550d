// The orders as they are now: fetched once there is a position in the log, kept up by messages, and
// fetched again where messages were missed.

import { useCallback, useEffect, useRef, useState } from 'react'
import { useConnectionManager, useResync } from 'syncline/react'
import { type Order, withOrder } from './orders.js'
import type { Shop } from './shop.js'

export function useOrders(shop: Shop) {
  const { status, onMessage } = useConnectionManager()
  const [orders, setOrders] = useState<readonly Order[]>([])
  const [error, setError] = useState<Error>()
  /** What came since the fetch under way began: its answer may be older. */
  const meanwhile = useRef<Order[]>(undefined)

  const take = useCallback((order: Order) => {
    meanwhile.current?.push(order)
    setOrders((orders) => withOrder(orders, order))
  }, [])

  const refetch = useCallback(async () => {
    const heard: Order[] = []
    meanwhile.current = heard
    // By the time of the answer another fetch may have begun: that one counts.
    const isLatest = () => meanwhile.current === heard
    try {
      const fetched = await shop.fetchOrders()
      if (!isLatest()) return
      setOrders(heard.reduce(withOrder, fetched))
      setError(undefined)
    } catch (error) {
      if (isLatest()) setError(error instanceof Error ? error : new Error(String(error)))
    }
    if (isLatest()) meanwhile.current = undefined
  }, [shop])

  useEffect(() => {
    const stopCreated = onMessage(({ payload }) => take(payload), { type: 'order.created' })
    const stopChanged = onMessage(({ payload }) => take(payload), { type: 'order.status.changed' })
    return () => {
      stopCreated()
      stopChanged()
    }
  }, [onMessage, take])

  // What changed before the first connection stood was told to nobody, so this fetch waits for it.
  // Later ones read on from where they were, and need none.
  const hasPosition = status === 'connected' || status === 'reconnecting'
  useEffect(() => {
    if (hasPosition) void refetch()
  }, [hasPosition, refetch])
  useResync(() => void refetch())

  return { orders, error, refetch, take }
}
