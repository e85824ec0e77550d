// Several nodes on one Redis: what a delivery costs each of them, and how much later it comes from
// another node than from one's own.

import type { Child } from '../harness/Child.js'
import type { Stage } from '../harness/Stage.js'
import { median } from '../harness/statistics.js'
import { costOf, type Figure, ratio } from '../harness/targets.js'
import { expectedOf, type Plan } from '../plan.js'
import { COST } from './fanOut.js'
import { RedisUnderTest } from './RedisUnderTest.js'
import type { Workload } from './Workload.js'

const NODES = 3
const CLIENTS = 1000
const ALONE = 'one node'
const FAN_OUT = '1,000 clients a node'
const LATENCY = 'publish to a client of another node, ms'
/** As a fan-out on three nodes, which share a core here, leaves half of it free. */
const PAUSE_MS = 60
const WARM_UP_TICKS = 10

export const W12: Workload = {
  id: 'W12',
  title: 'Three nodes on one Redis',
  unit: `${COST}; latency: p50 in ms`,
  peers: [ALONE, 'syncline', 'socket.io'],
  targets: [
    ratio(FAN_OUT, 'syncline', ALONE, { atMost: 1.3 }),
    {
      text: 'p50 that a second node adds, in ms',
      value: (round) => costOf(round, 'syncline', LATENCY) - costOf(round, ALONE, LATENCY),
      atMost: 2,
    },
    ratio(FAN_OUT, 'syncline', 'socket.io', { atMost: 1 }),
  ],
  notes: [
    'All nodes have one core, Redis and the clients have the other. A node’s cost is the mean of all three, the one that publishes among them.',
    'Latency is that of single messages to one client, while nothing else goes on.',
  ],

  async run(peer, stage) {
    const nodes = peer === ALONE ? 1 : NODES
    const redis = peer === ALONE ? undefined : await RedisUnderTest.start()
    try {
      const servers: Child[] = []
      while (servers.length < nodes) servers.push(await startNode(stage, peer, redis?.url))
      return {
        [LATENCY]: await latency(stage, peer, servers),
        [FAN_OUT]: await fanOut(stage, peer, servers),
      }
    } finally {
      await stage.clear()
      redis?.stop()
    }
  },
}

function startNode(stage: Stage, peer: string, redisUrl: string | undefined): Promise<Child> {
  if (peer === 'socket.io') return stage.startServer('socket.io-node', { args: [redisUrl ?? ''] })
  const settings = JSON.stringify({ isNamed: true, redisUrl })
  return stage.startServer('syncline-served', { args: [settings] })
}

const protocolOf = (peer: string) => (peer === 'socket.io' ? 'socket.io' : 'syncline')

/** The first node publishes; the last one has the client. */
async function latency(stage: Stage, peer: string, servers: readonly Child[]): Promise<Figure> {
  const messages = stage.isFull ? 300 : 100
  const [first, last] = [servers[0] as Child, servers.at(-1) as Child]
  const client = await stage.startGenerator()
  const order = { protocol: protocolOf(peer), rooms: 'user', clients: 1 }
  await client.call('connect', { ...order, port: last.port })
  const plan: Plan = {
    ticks: messages,
    perTick: 1,
    burst: 1,
    pauseMs: 20,
    rooms: 'user',
    clients: 1,
  }
  await publish(first, client, { ...plan, ticks: WARM_UP_TICKS }, 1)
  const { published, arrived } = await publish(first, client, plan, 1)
  await client.stop()
  const delays = published.map((at, n) => (arrived[n] ?? Number.NaN) - at)
  return { cost: median(delays), detail: { maxMs: Math.max(...delays) } }
}

/** Every node has as many clients, and all get everything. */
async function fanOut(stage: Stage, peer: string, servers: readonly Child[]): Promise<Figure> {
  const load = await stage.startGenerator()
  for (const [index, { port }] of servers.entries()) {
    const order = { protocol: protocolOf(peer), rooms: 'none', clients: CLIENTS * (index + 1) }
    await load.call('connect', { ...order, port })
  }
  const clients = CLIENTS * servers.length
  const ticks = stage.isFull ? 150 : 60
  const plan: Plan = { ticks, perTick: 1, burst: 1, pauseMs: PAUSE_MS, rooms: 'none', clients }
  await publish(servers[0] as Child, load, { ...plan, ticks: WARM_UP_TICKS })
  const cpu = () => Promise.all(servers.map((server) => server.cpu()))
  const [before, loadBefore, began] = [await cpu(), await load.cpu(), performance.now()]
  await publish(servers[0] as Child, load, plan)
  const seconds = (performance.now() - began) / 1000
  const [after, loadAfter] = [await cpu(), await load.cpu()]
  const micros = after.map((end, node) => end - (before[node] ?? 0))
  const each = micros.map((node) => node / (CLIENTS * ticks))
  return {
    cost: each.reduce((sum, node) => sum + node, 0) / each.length,
    perSecond: (clients * ticks) / seconds,
    generatorShare: (loadAfter - loadBefore) / 1e6 / seconds,
    detail: { publishingNode: each[0] ?? Number.NaN },
  }
}

async function publish(server: Child, load: Child, plan: Plan, timedEvery?: number) {
  await load.call('expect', { expected: expectedOf(plan), timedEvery })
  const isTimed = timedEvery !== undefined
  const published = await server.call<number[]>('publish', { ...plan, isTimed })
  return { published, arrived: await load.call<number[]>('arrived') }
}
