// Three nodes behind nginx are restarted one after the other under load, as a new version is rolled
// out: no message is lost, hardly a publish fails, and the clients don't come back all at once.

import { afterEach, expect, test } from '@jest/globals'
import { Follower } from '../support/Follower.js'
import { closeOpenClients } from '../support/openClients.js'
import { waitFor } from '../support/waitFor.js'
import { Ground, report, SOAK } from './Ground.js'

const ROUNDS = SOAK ? 10 : 1
const CLIENTS = 30
const PER_SECOND = 60
const MAX_ERROR_SHARE = 0.001
/**
 * Who connects in the very moment in which a node stops listening is reset. A short form is too
 * short for a share, and its machine may be slow to listen.
 */
const MAX_ERRORS_PER_RESTART = SOAK ? 0 : 3
const SPREAD_MS = 5000
const MOST_IN_A_TENTH = 0.35
/** The errors that a share is of: fewer publishes would make one too much. */
const MIN_PUBLISHED = 1000

let ground: Ground | undefined
afterEach(async () => {
  await closeOpenClients()
  await ground?.stop()
  ground = undefined
})

test(
  'a rolling restart: nothing is lost, hardly a publish fails, and clients come back spread out',
  async () => {
    const env = { RECONNECT_SPREAD_MS: String(SPREAD_MS) }
    ground = await Ground.start({ perSecond: PER_SECOND, keyedOfTen: 0, isBehindNginx: true, env })
    const { cluster, load, nginx } = ground
    const clients = await Promise.all(
      Array.from({ length: CLIENTS }, () =>
        Follower.start({ baseUrl: nginx!.url, topics: ['a'], transports: ['websocket'] }),
      ),
    )
    const backAfterMs: number[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const node of cluster.nodes) {
        const backAt: number[] = []
        const cancels = clients.map((client) => onceBack(client, backAt))
        await node.drain()
        await node.start()
        await node.untilReady()
        await waitFor('all clients to be back', () => clients.every(isConnected), 20_000)
        for (const cancel of cancels) cancel()
        backAfterMs.push(...backAt.map((at) => at - Math.min(...backAt)))
      }
    }
    await ground.published(Math.max(PER_SECOND, MIN_PUBLISHED - load.count(201)), 60_000)
    const { errors } = load
    const share = errors / (errors + load.count(201))
    const mayFail = ROUNDS * cluster.nodes.length * MAX_ERRORS_PER_RESTART
    const verdict = await ground.verdict()
    const most = Math.max(...inTenths(backAfterMs)) / backAfterMs.length
    report(`rolling restart of three nodes, ${ROUNDS} times`, verdict, {
      'publish errors': `${(share * 100).toFixed(3)} % (${load.statuses})`,
      'clients back': backAfterMs.length,
      'most in a tenth': `${(most * 100).toFixed(0)} %`,
    })
    expect(verdict.violations).toEqual([])
    expect(verdict.figures.resyncs).toEqual({})
    expect(clients.flatMap(({ resyncs }) => resyncs)).toEqual([])
    expect(errors).toBeLessThanOrEqual(Math.max(mayFail, load.count(201) * MAX_ERROR_SHARE))
    // Whoever was heard was answered.
    expect(verdict.figures.cut.applied).toBe(0)
    expect(backAfterMs.length).toBeGreaterThanOrEqual(CLIENTS / 2)
    expect(most).toBeLessThanOrEqual(MOST_IN_A_TENTH)
  },
  60_000 + ROUNDS * 90_000,
)

/** Notes when a client is connected again after it was not. */
function onceBack({ manager }: Follower, backAt: number[]): () => void {
  let wasAway = false
  return manager.on('status', ({ isConnected: isBack }) => {
    if (isBack && wasAway) backAt.push(performance.now())
    wasAway = !isBack
  })
}

/** How many came in each tenth of the time from the first to the last. */
function inTenths(times: readonly number[]): number[] {
  const tenths = Array.from({ length: 10 }, () => 0)
  const last = Math.max(...times)
  for (const time of times) {
    const tenth = Math.min(9, Math.floor((time / last) * 10))
    tenths[tenth] = (tenths[tenth] ?? 0) + 1
  }
  return tenths
}

const isConnected = ({ snapshot }: Follower): boolean => snapshot.isConnected
