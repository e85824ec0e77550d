// Polling: a page with nothing in it and one with one message.

import type { Stage } from '../harness/Stage.js'
import { SECRET, tokenFor } from '../tokens.js'
import { Polled } from './polls.js'
import { Asking, across, REQUEST_COST } from './requests.js'
import type { Workload } from './Workload.js'

const HELLO = 'hello'
const EMPTY = 'empty'
const ONE = '1 new message'
const TOKEN = 'empty, with a token'
const RETAINED = 1000

export const W6: Workload = {
  id: 'W6',
  title: 'Polls answered at once',
  unit: REQUEST_COST,
  peers: ['http-hello', 'express-hello', 'syncline'],
  targets: [EMPTY, ONE].map((name) =>
    across(`${name}: syncline / http-hello`, ['syncline', name], ['http-hello', HELLO], 2.5),
  ),
  notes: [
    'The targets are for polls without a token; one in a header is verified once a minute, and looked up between.',
  ],

  async run(peer, stage) {
    const requests = stage.isFull ? 40_000 : 15_000
    if (peer !== 'syncline') {
      const asking = await Asking.start(stage, await stage.startServer(peer))
      return { [HELLO]: await asking.measure({ path: '/' }, requests) }
    }
    const polled = await Polled.start(stage, RETAINED)
    return {
      [EMPTY]: await polled.empty(requests),
      [ONE]: await polled.oneMessage(requests),
      [TOKEN]: await withToken(stage, requests),
    }
  },
}

async function withToken(stage: Stage, requests: number) {
  const args = [JSON.stringify({ authJwtSecret: SECRET })]
  const asking = await Asking.start(stage, await stage.startServer('syncline-served', { args }))
  return asking.measure({ path: '/api/sync/poll?since=now', token: tokenFor('user-1') }, requests)
}
