// A herd: everybody connects at once, shows a token of their own, and waits for the first answer.

import { setTimeout as sleep } from 'node:timers/promises'
import { ratio } from '../harness/targets.js'
import { gather } from './herds.js'
import { measureCost } from './requests.js'
import type { Workload } from './Workload.js'

const CLIENTS = 2000
const CASE = '2,000 at once'
/** Until a server is done with those that went. */
const SETTLED_MS = 700

export const W10: Workload = {
  id: 'W10',
  title: 'Connecting, authenticated',
  unit: 'CPU s per million connections',
  peers: ['ws-naive', 'syncline', 'socket.io'],
  targets: [ratio(CASE, 'syncline', 'ws-naive', { atMost: 2 })],
  notes: [
    'All verify each token with `jose` (HS256), and no token is seen twice by a server but in the warm-up.',
  ],

  async run(peer, stage) {
    const { server, load, order } = await gather(stage, peer, CLIENTS)
    const herds = stage.isFull ? 3 : 1
    const connect = async () => {
      await load.call('connect', order)
    }
    const goAway = async () => {
      await load.call('drop')
      await sleep(SETTLED_MS)
    }
    await connect()
    await goAway()
    const figures = []
    for (let n = 0; n < herds; n += 1) {
      figures.push(await measureCost(server, load, CLIENTS, connect))
      await goAway()
    }
    const [first] = figures
    const cost = figures.reduce((sum, figure) => sum + figure.cost, 0) / herds
    return { [CASE]: { ...first, cost } }
  },
}
