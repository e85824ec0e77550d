// Broadcast, 16 messages per tick: where one write for all of a tick pays.

import { ratio } from '../harness/targets.js'
import { COST, FanOut, pacing } from './fanOut.js'
import type { Workload } from './Workload.js'

const CLIENTS = 1000
const PER_TICK = 16
const CASE = '1,000 clients, 16 per tick'

export const W2: Workload = {
  id: 'W2',
  title: 'Broadcast, 16 messages per tick',
  unit: COST,
  peers: ['net-limit', 'net-batch', 'syncline', 'ws-once', 'ws-naive', 'socket.io', 'bun'],
  targets: [
    ratio(CASE, 'syncline', 'net-batch', { atMost: 1.5 }),
    ratio(CASE, 'socket.io', 'syncline', { atLeast: 12 }),
  ],

  async run(peer, stage) {
    const fanOut = await FanOut.start(stage, peer)
    const deliveries = stage.isFull ? 800_000 : 400_000
    return { [CASE]: await fanOut.measure(CLIENTS, pacing(CLIENTS, deliveries, PER_TICK)) }
  },
}
