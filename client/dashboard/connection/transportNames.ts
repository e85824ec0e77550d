// What the transports are called on the page.

import type { TransportName } from '../../connection/index.js'

export const NAMES: Readonly<Record<TransportName, string>> = {
  websocket: 'WebSocket',
  sse: 'Server-Sent Events',
  'long-poll': 'Long-poll',
  poll: 'Polling',
}
