// Server-Sent Events against our own WebSocket: the same messages, at the sizes of W1 and W2.

import { type Figure, ratio } from '../harness/targets.js'
import { COST, clientsCase, FanOut, pacing } from './fanOut.js'
import type { Workload } from './Workload.js'

const SIZES = [200, 1000, 5000]
const BATCHED = { clients: 1000, perTick: 16 }
const BATCHED_CASE = '1,000 clients, 16 per tick'

export const W5: Workload = {
  id: 'W5',
  title: 'Server-Sent Events',
  unit: COST,
  peers: ['syncline', 'syncline-sse'],
  targets: [...SIZES.map(clientsCase), BATCHED_CASE].map((name) =>
    ratio(name, 'syncline-sse', 'syncline', { atMost: 1.15 }),
  ),

  async run(peer, stage) {
    const fanOut = await FanOut.start(stage, peer)
    const figures: Record<string, Figure> = {}
    const factor = stage.isFull ? 2 : 1
    for (const clients of SIZES) {
      const pace = pacing(clients, factor * 100_000)
      figures[clientsCase(clients)] = await fanOut.measure(clients, pace)
      if (clients !== BATCHED.clients) continue
      const batched = pacing(clients, factor * 400_000, BATCHED.perTick)
      figures[BATCHED_CASE] = await fanOut.measure(clients, batched)
    }
    return figures
  },
}
