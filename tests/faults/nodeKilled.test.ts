// A node is killed in the middle of it all: what was acknowledged is there, what was not is there at
// most once, and its readers go on at the others.

import { afterEach, expect, test } from '@jest/globals'
import { waitFor } from '../support/waitFor.js'
import { Ground, percentile, report, SOAK } from './Ground.js'

const KILLS = SOAK ? 20 : 3
const PER_SECOND = 500

let ground: Ground | undefined
afterEach(async () => {
  await ground?.stop()
  ground = undefined
})

test(
  'kill -9 of one node after the other during 500 publishes a second loses nothing',
  async () => {
    ground = await Ground.start({ perSecond: PER_SECOND })
    const { cluster, load } = ground
    for (let kill = 0; kill < KILLS; kill += 1) {
      const node = cluster.nodes[kill % cluster.nodes.length]!
      await ground.published(PER_SECOND)
      await node.kill()
      await waitFor('some to fail', () => load.count(0) > kill)
      await node.start()
      await node.untilReady()
    }
    const verdict = await ground.verdict()
    report(`node killed ${KILLS} times`, verdict, {
      'p50 ms': percentile(load.latenciesMs, 50).toFixed(1),
      'p99 ms': percentile(load.latenciesMs, 99).toFixed(1),
    })
    expect(verdict.violations).toEqual([])
    expect(verdict.figures.resyncs).toEqual({})
  },
  60_000 + KILLS * 10_000,
)
