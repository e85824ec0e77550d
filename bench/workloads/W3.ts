// Mixed audiences: every client reads what is for its user, its roles and its topics, and messages go
// to a user, to a role and to a topic in turn.

import { ratio } from '../harness/targets.js'
import { COST, FanOut } from './fanOut.js'
import type { Workload } from './Workload.js'

const CLIENTS = 5000
const CASE = '5,000 clients'
/** 1 for a user, 500 for a role, 30 for a topic: about 177 deliveries a message. */
const MESSAGES = 567

export const W3: Workload = {
  id: 'W3',
  title: 'Mixed audiences: users, roles, topics',
  unit: COST,
  peers: ['net-limit', 'syncline', 'socket.io', 'bun'],
  targets: [ratio(CASE, 'syncline', 'net-limit', { atMost: 1.5 })],
  notes: [
    'Each client has its user, 2 of 20 roles and 3 of 500 topics. One message a tick: to a user (1 delivery), to a role (500), to a topic (30), and so on.',
  ],

  async run(peer, stage) {
    const fanOut = await FanOut.start(stage, peer, 'mixed')
    const ticks = stage.isFull ? 2 * MESSAGES : MESSAGES
    return { [CASE]: await fanOut.measure(CLIENTS, { ticks, perTick: 1, burst: 3, pauseMs: 5 }) }
  },
}
