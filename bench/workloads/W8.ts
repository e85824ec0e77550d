// Latency: from the call of publish to the arrival at the last of 1,000 clients.

import { quantile } from '../harness/statistics.js'
import { ratio } from '../harness/targets.js'
import { FanOut } from './fanOut.js'
import type { Workload } from './Workload.js'

const CLIENTS = 1000
const EVERY_MS = 50

export const W8: Workload = {
  id: 'W8',
  title: 'Latency at 20 messages/s, 1,000 clients',
  unit: 'ms from publish to the last client',
  peers: ['net-limit', 'syncline', 'socket.io'],
  targets: ['p50', 'p99'].map((name) => ratio(name, 'syncline', 'net-limit', { atMost: 1.15 })),
  notes: [
    'Both ends read the same monotonic clock. The time that the one generator takes to read 1,000 sockets is in it.',
  ],

  async run(peer, stage) {
    const fanOut = await FanOut.start(stage, peer)
    const delays = await fanOut.delays(CLIENTS, stage.isFull ? 300 : 100, EVERY_MS)
    return {
      p50: { cost: quantile(delays, 0.5) },
      p99: { cost: quantile(delays, 0.99) },
    }
  },
}
