// The network between a node and Redis is bad: it cuts, it stutters, or it dies without a word in
// one direction or both. The other nodes go on; this one says that it is not ready, and heals.

import { afterEach, expect, test } from '@jest/globals'
import { pseudoRandom } from '../support/pseudoRandom.js'
import type { TcpLink } from '../support/TcpLink.js'
import { waitFor } from '../support/waitFor.js'
import type { ClusterNode } from './Cluster.js'
import { ask } from './continuity/NodeApi.js'
import { Ground, report, SOAK } from './Ground.js'

const TIMES = SOAK ? 10 : 1
const SECONDS = SOAK ? 60 : 5
const TIMEOUT_MS = 120_000 + TIMES * 60_000
const PER_SECOND = 60
const NOT_READY_MS = 10_000
const HEALED_MS = 10_000

let ground: Ground | undefined
afterEach(async () => {
  await ground?.stop()
  ground = undefined
})

const linksOf = ({ cluster }: Ground): TcpLink[] => cluster.nodes.flatMap(({ link }) => link ?? [])

test(
  'a black hole, in one direction or both, makes its node not ready, and loses nothing',
  async () => {
    ground = await Ground.start({ perSecond: PER_SECOND, hasLinks: true })
    const { cluster } = ground
    const worst = { toNotReady: 0, toHealed: 0 }
    for (let time = 0; time < TIMES; time += 1) {
      // All ways at once, and the node that has none goes on.
      const nodes = cluster.nodes.map((_, index) => cluster.nodes[(index + time) % 3]!)
      const [there, back, well] = nodes as [ClusterNode, ClusterNode, ClusterNode]
      await ground.published(PER_SECOND)
      there.link!.set({ isDead: true }, time % 2 === 0 ? ['there'] : ['there', 'back'])
      back.link!.set({ isDead: true }, ['back'])
      const since = performance.now()
      await Promise.all([there.untilNotReady(), back.untilNotReady()])
      worst.toNotReady = Math.max(worst.toNotReady, performance.now() - since)
      for (const { url } of [there, back]) {
        expect((await ask(url, '/api/sync/status')).body.status).toBe('degraded')
      }
      expect(await well.isReady()).toBe(true)
      await ground.published(PER_SECOND / 2)
      const healed = performance.now()
      for (const { link } of [there, back]) link!.heal()
      await cluster.untilReady()
      worst.toHealed = Math.max(worst.toHealed, performance.now() - healed)
    }
    const verdict = await ground.verdict()
    report(`black holes at two of three nodes, ${TIMES} times`, verdict, {
      'ms to not ready': worst.toNotReady.toFixed(0),
      'to healed': worst.toHealed.toFixed(0),
    })
    expect(verdict.violations).toEqual([])
    expect(verdict.figures.resyncs).toEqual({})
    expect(worst.toNotReady).toBeLessThan(NOT_READY_MS)
    expect(worst.toHealed).toBeLessThan(HEALED_MS)
  },
  TIMEOUT_MS,
)

test(
  'links that stutter and are cut at random lose nothing and alarm nobody',
  async () => {
    ground = await Ground.start({ perSecond: PER_SECOND, hasLinks: true })
    const links = linksOf(ground)
    const random = pseudoRandom(6)
    let cuts = 0
    for (const link of links) link.set({ jitterMs: 30 })
    for (const until = performance.now() + SECONDS * 1000; performance.now() < until; cuts += 1) {
      links[Math.floor(random() * links.length)]!.cut()
      await new Promise((resolve) => setTimeout(resolve, random() * 600))
    }
    for (const link of links) link.heal()
    const verdict = await ground.verdict()
    report(`jitter and ${cuts} cuts`, verdict)
    expect(verdict.violations).toEqual([])
    expect(verdict.figures.resyncs).toEqual({})
  },
  TIMEOUT_MS,
)

test(
  '8 publishers through delays of 0 to 50 ms: nothing appears below a cursor that was served',
  async () => {
    ground = await Ground.start({ publishers: 8, hasLinks: true, keyedOfTen: 0 })
    for (const link of linksOf(ground)) link.set({ jitterMs: 50 })
    await ground.published(SECONDS * PER_SECOND, SECONDS * 10_000)
    const verdict = await ground.verdict()
    report('8 publishers through jitter', verdict)
    expect(verdict.violations).toEqual([])
    expect(verdict.figures.resyncs).toEqual({})
  },
  TIMEOUT_MS,
)

test(
  'readers that hop to a node half a second behind are waited for, and miss nothing',
  async () => {
    ground = await Ground.start({ perSecond: PER_SECOND, hasLinks: true })
    const { cluster, readers } = ground
    cluster.nodes[0]!.link!.set({ delayMs: 500 }, ['back'])
    await ground.published(SECONDS * PER_SECOND, SECONDS * 10_000)
    await waitFor('many hops', () => readers.every(({ sessions }) => sessions > 0))
    const verdict = await ground.verdict()
    const hops = readers.reduce((sum, { sessions }) => sum + sessions, 0)
    const failures = readers.reduce((sum, reader) => sum + reader.failures, 0)
    report('a node half a second behind', verdict, { hops, 'not served': failures })
    expect(verdict.violations).toEqual([])
    expect(verdict.figures.resyncs).toEqual({})
    expect(failures).toBe(0)
  },
  TIMEOUT_MS,
)
