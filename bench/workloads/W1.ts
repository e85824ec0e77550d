// Broadcast, one message per tick: the plainest fan-out, at three sizes.

import { type Figure, ratio } from '../harness/targets.js'
import { COST, clientsCase, FanOut, pacing } from './fanOut.js'
import type { Workload } from './Workload.js'

const SIZES = [200, 1000, 5000]

export const W1: Workload = {
  id: 'W1',
  title: 'Broadcast, 1 message per tick',
  unit: COST,
  peers: ['net-limit', 'syncline', 'ws-once', 'ws-naive', 'socket.io', 'bun'],
  targets: SIZES.map(clientsCase).flatMap((name) => [
    ratio(name, 'syncline', 'net-limit', { atMost: 1.1 }),
    ratio(name, 'syncline', 'ws-once', { atMost: 1 }),
    ratio(name, 'syncline', 'socket.io', { atMost: 1 }),
  ]),

  async run(peer, stage) {
    const fanOut = await FanOut.start(stage, peer)
    const figures: Record<string, Figure> = {}
    for (const clients of SIZES) {
      const deliveries = stage.isFull ? 200_000 : 100_000
      figures[clientsCase(clients)] = await fanOut.measure(clients, pacing(clients, deliveries))
    }
    return figures
  },
}
