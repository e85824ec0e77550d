// What most pages never need, or not at once: the ways round a network that has no WebSocket, and
// sending. One piece that is loaded by itself.

import { intervalPollTransport } from './intervalPollTransport.js'
import { longPollTransport } from './longPollTransport.js'
import { sseTransport } from './sseTransport.js'

export { createOutbox } from './outbox.js'

export const FALLBACKS = {
  sse: sseTransport,
  'long-poll': longPollTransport,
  poll: intervalPollTransport,
}
