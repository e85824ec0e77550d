// The wall clock of one node jumps by an hour, ahead and back: nothing expires early or late there,
// and the order of messages is what it was.

import { afterEach, expect, test } from '@jest/globals'
import { queryString } from '../support/Api.js'
import { type FakeClock, fakeClock } from '../support/fakeClock.js'
import { waitFor } from '../support/waitFor.js'
import { ask } from './continuity/NodeApi.js'
import { Ground, report, SOAK } from './Ground.js'

const ROUNDS = SOAK ? 10 : 1
const HOUR_S = 3600
/** Long enough for a reader whose node was killed to be back in time, on a busy machine. */
const TTL_MS = 12_000
/** Between a message's time and when it is looked at: an answer's way, on a busy machine. */
const SLACK_MS = 1000
const PER_SECOND = 60

let ground: Ground | undefined
let clock: FakeClock | undefined
afterEach(async () => {
  await ground?.stop()
  clock?.remove()
  ground = undefined
  clock = undefined
})

test(
  'a clock that jumps by ±1 h lets nothing expire early or late, and changes no order',
  async () => {
    clock = fakeClock()
    const { env } = clock
    ground = await Ground.start({
      perSecond: PER_SECOND,
      env: { MESSAGE_TTL_MS: String(TTL_MS) },
      envOf: (index) => (index === 0 ? env : {}),
    })
    const [node] = ground.cluster.nodes
    const expiry = { early: 0, late: 0, looks: 0 }
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const hours of [1, -1, 0]) {
        clock.jumpTo(hours * HOUR_S)
        await waitFor('the clock to have jumped', async () => {
          const offBy = (await pageOf(node!.url)).timestamp - Date.now() - hours * HOUR_S * 1000
          return Math.abs(offBy) < HOUR_S * 100
        })
        const until = performance.now() + TTL_MS + SLACK_MS
        while (performance.now() < until) await look(ground, expiry)
      }
    }
    // One that begins with a wrong clock takes the log's ages from Redis.
    clock.jumpTo(HOUR_S)
    await node!.kill()
    await node!.start()
    await node!.untilReady()
    await look(ground, expiry)
    clock.jumpTo(0)
    const verdict = await ground.verdict()
    report(`a clock jumps by ±1 h, ${ROUNDS} times`, verdict, expiry)
    expect(verdict.violations).toEqual([])
    expect(verdict.figures.resyncs).toEqual({})
    expect(expiry).toMatchObject({ early: 0, late: 0 })
  },
  120_000 + ROUNDS * 60_000,
)

interface Page {
  readonly timestamp: number
  readonly messages: readonly { readonly id: string; readonly timestamp: number }[]
}

async function pageOf(url: string): Promise<Page> {
  const query = { since: '0', topics: 'a', limit: 1000 }
  return (await ask(url, `/api/sync/poll${queryString(query)}`)).body
}

/** What the first node has against the time of this machine and against another node. */
async function look(
  { cluster }: Ground,
  expiry: { early: number; late: number; looks: number },
): Promise<void> {
  const before = Date.now()
  const [other, page] = [await pageOf(cluster.nodes[1]!.url), await pageOf(cluster.nodes[0]!.url)]
  const after = Date.now()
  const there = new Set(page.messages.map(({ id }) => id))
  const isYoung = ({ timestamp }: { timestamp: number }) => timestamp > after - TTL_MS + SLACK_MS
  // What has just come may be on its way to the first node.
  const isThere = ({ timestamp }: { timestamp: number }) => timestamp < before - SLACK_MS
  const due = other.messages.filter((message) => isYoung(message) && isThere(message))
  expiry.early += due.filter(({ id }) => !there.has(id)).length
  const old = page.messages.filter(({ timestamp }) => timestamp < before - TTL_MS - SLACK_MS)
  expiry.late += old.length
  expiry.looks += 1
}
