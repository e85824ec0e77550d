// One user at a time among 5,000: what finding the one costs, with next to nothing to send.

import { ratio } from '../harness/targets.js'
import { COST, FanOut } from './fanOut.js'
import type { Workload } from './Workload.js'

const CLIENTS = 5000
const CASE = '5,000 clients'
/** Ticks in a row, so that it is not the timers that are measured. */
const BURST = 64

export const W4: Workload = {
  id: 'W4',
  title: 'One user at a time',
  unit: COST,
  peers: ['net-limit', 'syncline', 'socket.io', 'bun'],
  targets: [ratio(CASE, 'syncline', 'net-limit', { atMost: 1.25 })],
  notes: ['One message to one user in each turn of the event loop, 64 turns in a row.'],

  async run(peer, stage) {
    const fanOut = await FanOut.start(stage, peer, 'user')
    const ticks = BURST * (stage.isFull ? 1600 : 800)
    return {
      [CASE]: await fanOut.measure(CLIENTS, { ticks, perTick: 1, burst: BURST, pauseMs: 2 }),
    }
  },
}
