// Publishing over HTTP: a message for one, and messages for a thousand that come back to back.

import type { Child } from '../harness/Child.js'
import type { Stage } from '../harness/Stage.js'
import type { Figure } from '../harness/targets.js'
import { PAYLOAD, TYPE } from '../plan.js'
import { FanOut, pacing } from './fanOut.js'
import { Asking, across } from './requests.js'
import type { Workload } from './Workload.js'

const HELLO = 'hello'
const SEND = 'POST /send, 1 delivery'
const FAN_OUT = '1,000 clients'
const CLIENTS = 1000
/** How many publish at a time: each its next message as soon as the one before is answered. */
const PUBLISHERS = 4

export const W6b: Workload = {
  id: 'W6b',
  title: 'Publishing over HTTP',
  unit: 'CPU s per million requests; with 1,000 clients: deliveries',
  peers: ['http-hello', 'net-limit', 'syncline'],
  targets: [
    across(`${SEND}: syncline / http-hello`, ['syncline', SEND], ['http-hello', HELLO], 3),
    across(`${FAN_OUT}: syncline / net-limit`, ['syncline', FAN_OUT], ['net-limit', FAN_OUT], 0.35),
  ],
  notes: [
    `With ${FAN_OUT}, ${PUBLISHERS} publishers send one message after the other; net-limit writes one message per tick without being asked by HTTP.`,
  ],

  async run(peer, stage): Promise<Record<string, Figure>> {
    const requests = stage.isFull ? 80_000 : 40_000
    if (peer === 'http-hello') {
      const asking = await Asking.start(stage, await stage.startServer(peer))
      return { [HELLO]: await asking.measure({ path: '/' }, requests) }
    }
    const deliveries = stage.isFull ? 400_000 : 200_000
    if (peer === 'net-limit') {
      const fanOut = await FanOut.start(stage, peer)
      return { [FAN_OUT]: await fanOut.measure(CLIENTS, pacing(CLIENTS, deliveries)) }
    }
    return {
      [SEND]: await send(stage, requests),
      [FAN_OUT]: await broadcast(stage, deliveries / CLIENTS),
    }
  },
}

async function send(stage: Stage, requests: number): Promise<Figure> {
  const server = await stage.startServer('syncline-served')
  const { request, heard } = await listeners(stage, server, 1, '/api/sync/send')
  const asking = await Asking.start(stage, server)
  return asking.measure(request, requests, heard)
}

async function broadcast(stage: Stage, posts: number): Promise<Figure> {
  const server = await stage.startServer('syncline-served')
  const { request, heard } = await listeners(stage, server, CLIENTS, '/api/sync/broadcast')
  const asking = await Asking.start(stage, server, PUBLISHERS)
  const figure = await asking.measure(request, posts, heard)
  const { cost, perSecond = 0 } = figure
  return { ...figure, cost: cost / CLIENTS, perSecond: perSecond * CLIENTS }
}

/** Clients of the one user that there is without tokens, and how to wait until they have it all. */
async function listeners(stage: Stage, server: Child, clients: number, path: string) {
  const herd = await stage.startGenerator('herd')
  const order = { port: server.port, dialect: 'syncline', clients, isOpen: true }
  await herd.call('enlist', order)
  await herd.call('arrive', order)
  const body = JSON.stringify({ type: TYPE, payload: PAYLOAD })
  return {
    request: { path, method: 'POST', body },
    /** When each client has all that was published. */
    async heard() {
      const { published } = await server.call<{ published: number }>('stats')
      await herd.call('arrived', { count: published, withinMs: 60_000 })
    },
  }
}
