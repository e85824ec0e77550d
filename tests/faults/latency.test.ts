// What Redis costs in time: how much later a publish is answered, and heard on a socket, than with
// one server that keeps its log by itself.

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { closeOpenClients } from '../support/openClients.js'
import { SocketClient } from '../support/SocketClient.js'
import { type ServerProcess, startServerProcess } from '../support/serverProcess.js'
import { waitFor } from '../support/waitFor.js'
import { Cluster } from './Cluster.js'
import { ask } from './continuity/NodeApi.js'
import { percentile, SOAK } from './Ground.js'

const PUBLISHES = SOAK ? 20_000 : 500
/** Far more than it is, and far less than a wait for the next beat would be. */
const MAX_ADDED_MS = 100

let alone: ServerProcess
let cluster: Cluster
beforeAll(async () => {
  alone = await startServerProcess({ LOG_LEVEL: 'warn', RATE_LIMIT_ADMIN_MAX: '0' })
  cluster = await Cluster.start({ nodes: 2 })
})
afterAll(async () => {
  await closeOpenClients()
  await alone?.kill()
  await cluster?.stop()
})

interface Latencies {
  readonly answered: number[]
  readonly heard: number[]
}

/** Publishes one after the other at one address, and listens at the other. */
async function measure(publishAt: string, listenAt: string): Promise<Latencies> {
  const client = await SocketClient.connect(listenAt, { topics: ['latency'] })
  const sentAt: number[] = []
  const [answered, heard]: [number[], number[]] = [[], []]
  client.frames.add = ({ op, message }) => {
    if (op === 'message') heard.push(performance.now() - sentAt[message.payload.n]!)
  }
  for (let n = 0; n < PUBLISHES; n += 1) {
    sentAt.push(performance.now())
    const body = { type: 'a', payload: { n }, topics: ['latency'] }
    const { status } = await ask(publishAt, '/api/sync/send', { body })
    expect(status).toBe(201)
    answered.push(performance.now() - sentAt[n]!)
  }
  await waitFor('all to be heard', () => heard.length === PUBLISHES)
  return { answered, heard }
}

test(
  'Redis adds little to the time of a publish',
  async () => {
    const url = alone.url.replace('localhost', '127.0.0.1')
    const [one, two] = cluster.nodes
    // Once before it counts.
    await measure(url, url)
    await measure(one!.url, two!.url)
    const without = await measure(url, url)
    const shared = await measure(one!.url, two!.url)
    const added = (kind: keyof Latencies, percent: number) =>
      percentile(shared[kind], percent) - percentile(without[kind], percent)
    const lines = (['answered', 'heard'] as const).map((kind) =>
      [50, 99].map((percent) => {
        const [before, after] = [without, shared].map((each) => percentile(each[kind], percent))
        return `${kind} p${percent} ${before!.toFixed(2)} → ${after!.toFixed(2)} ms`
      }),
    )
    process.stdout.write(`latency without and with Redis: ${lines.flat().join(', ')}\n`)
    expect(added('answered', 50)).toBeLessThan(MAX_ADDED_MS)
    expect(added('heard', 50)).toBeLessThan(MAX_ADDED_MS)
  },
  SOAK ? 600_000 : 60_000,
)
