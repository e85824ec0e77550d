// After an outage: everybody comes back within a second, and each has missed the same number of
// messages: some for everyone, some for its topic.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from '../harness/Child.js'
import { costOf } from '../harness/targets.js'
import { gather } from './herds.js'
import type { Workload } from './Workload.js'

const CLIENTS = 10_000
const TOPICS = 100
const MISSED = { before: 10, ofTopic: 30, after: 10 }
const ALL = MISSED.before + MISSED.ofTopic + MISSED.after
const CASE = '10,000 back within 1 s'
/** For what would come too often to come. */
const AFTERWARDS_MS = 500

interface Told {
  readonly numbers: readonly number[]
  readonly resyncs: number
}

export const W11: Workload = {
  id: 'W11',
  title: 'Coming back with a cursor',
  unit: "p99.9 of the event loop's delay in ms",
  peers: ['syncline'],
  rounds: 2,
  targets: [
    {
      text: `${CASE}, ${ALL} messages each: p99.9 of the event loop's delay in ms`,
      value: (round) => costOf(round, 'syncline', CASE),
      atMost: 100,
    },
  ],
  notes: [
    'A client that misses a message, gets one twice or out of order, or is told `resync`, ends the run.',
  ],

  async run(peer, stage) {
    const { server, load, order } = await gather(stage, peer, CLIENTS, { topics: TOPICS })
    await load.call('arrive', order)
    await load.call('drop')
    await sleep(1500)
    await publishMissed(server)
    const retriesBefore = await load.call<number>('retries')
    await server.call('watchDelays')
    const cpuBefore = await server.cpu()
    const began = performance.now()
    await load.call('connect', { ...order, overMs: 1000 })
    const connectedSeconds = (performance.now() - began) / 1000
    await load.call('arrived', { count: ALL, withinMs: 60_000 })
    const seconds = (performance.now() - began) / 1000
    const { p999Ms, maxMs } = await server.call<Record<'p999Ms' | 'maxMs', number>>('delays')
    const cpuMicros = ((await server.cpu()) - cpuBefore) / CLIENTS
    const retries = (await load.call<number>('retries')) - retriesBefore
    await sleep(AFTERWARDS_MS)
    assertExact(await load.call<Told[]>('told'))
    return {
      [CASE]: { cost: p999Ms, detail: { maxMs, seconds, connectedSeconds, cpuMicros, retries } },
    }
  },
}

/** Numbered in the order in which each client has to get them. */
async function publishMissed(server: Child): Promise<void> {
  const { before, ofTopic, after } = MISSED
  await server.call('publishNumbered', { from: 0, count: before })
  for (let topic = 0; topic < TOPICS; topic += 1) {
    const order = { from: before, count: ofTopic, topic: `batch:${topic}` }
    await server.call('publishNumbered', order)
  }
  await server.call('publishNumbered', { from: before + ofTopic, count: after })
}

function assertExact(told: readonly Told[]): void {
  const isExact = ({ numbers, resyncs }: Told) =>
    resyncs === 0 && numbers.length === ALL && numbers.every((number, index) => number === index)
  const wrong = told.findIndex((each) => !isExact(each))
  if (wrong !== -1) throw new Error(`client ${wrong} got ${JSON.stringify(told[wrong])}`)
}
