// Long polls: thousands are held back, and one broadcast answers them all.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from '../harness/Child.js'
import { Asking, across, REQUEST_COST } from './requests.js'
import type { Workload } from './Workload.js'

const POLLS = 2000
const CASE = '2,000 at once'

export const W7: Workload = {
  id: 'W7',
  title: 'Held polls woken by one broadcast',
  unit: REQUEST_COST,
  peers: ['http-hello', 'syncline'],
  targets: [across(`${CASE}: syncline / http-hello`, ['syncline', CASE], ['http-hello', CASE], 2)],
  notes: [
    'A poll that is held costs its asking and its answer; http-hello is asked as many at once.',
  ],

  async run(peer, stage) {
    const rounds = stage.isFull ? 20 : 8
    const isHello = peer === 'http-hello'
    const server = await stage.startServer(isHello ? peer : 'syncline-served')
    const asking = await Asking.start(stage, server, POLLS)
    const request = { path: isHello ? '/' : '/api/sync/poll?since=now&wait=25' }
    const wake = isHello ? async () => {} : () => broadcastToHeld(server)
    const askAll = async (times: number) => {
      for (let n = 0; n < times; n += 1) await asking.askOnce(request, wake)
    }
    await askAll(Math.ceil(rounds / 3))
    return { [CASE]: await asking.measureOf(rounds * POLLS, () => askAll(rounds)) }
  },
}

interface Stats {
  readonly connections: { readonly longPoll: number }
}

async function broadcastToHeld(server: Child): Promise<void> {
  while ((await server.call<Stats>('stats')).connections.longPoll < POLLS) await sleep(20)
  await server.call('publishOne')
}
