// Growth: whether a delivery costs more among 10,000 clients than among 200, beyond what the system's
// own sockets cost more.

import { costOf, type Figure, type Round } from '../harness/targets.js'
import { COST, clientsCase, FanOut, pacing } from './fanOut.js'
import type { Workload } from './Workload.js'

const SIZES = [200, 1000, 5000, 10_000]

const growth = (round: Round, peer: string) =>
  costOf(round, peer, clientsCase(10_000)) / costOf(round, peer, clientsCase(200))

export const W13: Workload = {
  id: 'W13',
  title: 'Growth from 200 to 10,000 clients',
  unit: COST,
  peers: ['net-limit', 'syncline'],
  targets: [
    {
      text: 'growth of syncline / growth of net-limit',
      value: (round) => growth(round, 'syncline') / growth(round, 'net-limit'),
      atMost: 1.2,
    },
  ],

  async run(peer, stage) {
    const fanOut = await FanOut.start(stage, peer)
    const figures: Record<string, Figure> = {}
    for (const clients of SIZES) {
      const pace = pacing(clients, stage.isFull ? 200_000 : 100_000)
      figures[clientsCase(clients)] = await fanOut.measure(clients, pace)
    }
    return figures
  },
}
