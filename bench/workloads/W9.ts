// What a connection costs that says nothing: memory of the process, after a full collection.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from '../harness/Child.js'
import { ratio } from '../harness/targets.js'
import { gather } from './herds.js'
import type { Workload } from './Workload.js'

const CLIENTS = 5000
const CASE = '5,000 idle'
const HEAP = '5,000 idle, of it in the engine’s heap'
const SETTLED_MS = 1500

export const W9: Workload = {
  id: 'W9',
  title: 'Idle memory per connection',
  unit: 'bytes per connection',
  peers: ['ws', 'syncline', 'socket.io'],
  targets: [ratio(CASE, 'syncline', 'ws', { atMost: 1.2 })],
  notes: ['ws knows nothing of its clients; Syncline and Socket.IO know each by its token.'],

  async run(peer, stage) {
    const { server, load, order } = await gather(stage, peer, CLIENTS, {
      nodeOptions: ['--expose-gc'],
    })
    await load.call('arrive', { ...order, clients: 500 })
    await load.call('drop')
    await sleep(SETTLED_MS)
    const before = await held(server)
    await load.call('arrive', order)
    await sleep(SETTLED_MS)
    const after = await held(server)
    return {
      [CASE]: { cost: (after.resident - before.resident) / CLIENTS },
      [HEAP]: { cost: (after.heap - before.heap) / CLIENTS },
    }
  },
}

async function held(server: Child): Promise<{ heap: number; resident: number }> {
  // What a first collection finalizes, a second one frees.
  await server.call('memory')
  const { heapUsed, external, rss } = await server.call<NodeJS.MemoryUsage>('memory')
  return { heap: heapUsed + external, resident: rss }
}
