// What the transports are called on the page, best first.

import type { TransportName } from '../../connection/index.js'

export const TRANSPORTS = ['websocket', 'sse', 'long-poll', 'poll'] as const

export const NAMES: Readonly<Record<TransportName, string>> = {
  websocket: 'WebSocket',
  sse: 'Server-Sent Events',
  'long-poll': 'Long-poll',
  poll: 'Polling',
}
