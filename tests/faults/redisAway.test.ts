// Redis is away: killed, standing still, or behind a network that lets nothing through and says
// nothing. Publishing says so in time, reading goes on, the nodes say that they are not ready, and
// all of it heals by itself.

import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, test } from '@jest/globals'
import { queryString } from '../support/Api.js'
import type { TcpLink } from '../support/TcpLink.js'
import { waitFor } from '../support/waitFor.js'
import type { Cluster, ClusterNode } from './Cluster.js'
import { ask } from './continuity/NodeApi.js'
import { Ground, report, SOAK } from './Ground.js'

const TIMES = SOAK ? 5 : 1
const TIMEOUT_MS = 120_000 + TIMES * 60_000
const PER_SECOND = 50
const LIMITS = { answerMs: 3000, notReadyMs: 10_000, healedMs: 10_000 }

let ground: Ground | undefined
afterEach(async () => {
  await ground?.stop()
  ground = undefined
})

interface Absence {
  readonly begins: (cluster: Cluster) => unknown
  readonly ends: (cluster: Cluster) => unknown
}

const FROZEN: Absence = {
  begins: ({ redis }) => redis.freeze(),
  ends: ({ redis }) => redis.thaw(),
}

const ABSENCES: Record<string, Absence> = {
  ...(SOAK && { 'standing still': FROZEN }),
  killed: {
    begins: ({ redis }) => redis.kill(),
    ends: ({ redis }) => redis.restart({ keepData: true }),
  },
  'asleep for 10 s': {
    begins: ({ redis }) => void redis.command('DEBUG', 'SLEEP', 10).catch(() => {}),
    ends: ({ redis }) => redis.command('PING'),
  },
  'in a black hole': {
    begins: ({ nodes }) => eachLink(nodes, (link) => link.set({ isDead: true })),
    ends: ({ nodes }) => eachLink(nodes, (link) => link.heal()),
  },
}

function eachLink(nodes: readonly ClusterNode[], act: (link: TcpLink) => void): void {
  for (const { link } of nodes) if (link !== undefined) act(link)
}

const NONE = { to503: 0, toNotReady: 0, toHealed: 0, slowest: 0, slack: 0 }

test.each(Object.entries(ABSENCES))(
  'Redis %s: 503 in time, not ready in time, read from all the same, and healed in time',
  async (name, { begins, ends }) => {
    const redis = { appendOnly: 'always' } as const
    ground = await Ground.start({ redis, perSecond: PER_SECOND, hasLinks: true })
    const { cluster, load } = ground
    const worst = { ...NONE }
    for (let time = 0; time < TIMES; time += 1) {
      await ground.published(PER_SECOND)
      load.latenciesMs.length = 0
      const since = performance.now()
      await begins(cluster)
      const isOver = new AbortController()
      const slackMs = slowestAnswer(cluster.nodes[0]!, isOver.signal)
      const [to503, toNotReady] = await Promise.all([
        untilRefused(cluster.nodes[0]!, since),
        untilAllNotReady(cluster, since),
        readsGoOn(cluster),
      ])
      isOver.abort()
      const slowest = load.slowestMs
      await ends(cluster)
      const back = performance.now()
      await cluster.untilReady()
      await ground.published(1)
      const toHealed = performance.now() - back
      const seen = { to503, toNotReady, toHealed, slowest, slack: await slackMs }
      for (const key of Object.keys(NONE) as (keyof typeof NONE)[]) {
        worst[key] = Math.max(worst[key], seen[key])
      }
    }
    const verdict = await ground.verdict()
    report(`Redis ${name}, ${TIMES} times`, verdict, {
      'ms to 503': worst.to503.toFixed(0),
      'slowest answer': worst.slowest.toFixed(0),
      'to not ready': worst.toNotReady.toFixed(0),
      'to healed': worst.toHealed.toFixed(0),
    })
    expect(verdict.violations).toEqual([])
    expect(verdict.figures.resyncs).toEqual({})
    expect(worst.to503).toBeLessThan(LIMITS.answerMs + worst.slack)
    expect(worst.slowest).toBeLessThan(LIMITS.answerMs + worst.slack)
    expect(worst.toNotReady).toBeLessThan(LIMITS.notReadyMs)
    expect(worst.toHealed).toBeLessThan(LIMITS.healedMs)
  },
  TIMEOUT_MS,
)

/** What is published from now on by one who waits for each answer, up to the first 503. */
async function untilRefused({ url }: ClusterNode, since: number): Promise<number> {
  const body = { type: 'probe', topics: ['probe'] }
  for (;;) {
    const { status, body: answer } = await ask(url, '/api/sync/send', { body })
    if (status !== 503) continue
    expect(answer.error.code).toBe('unavailable')
    return performance.now() - since
  }
}

/** What a busy machine alone costs: the slowest answer to a question that needs no Redis. */
async function slowestAnswer({ url }: ClusterNode, signal: AbortSignal): Promise<number> {
  let slowest = 0
  while (!signal.aborted) {
    const startedAt = performance.now()
    await ask(url, '/healthz')
    slowest = Math.max(slowest, performance.now() - startedAt)
    await delay(50)
  }
  return slowest
}

async function untilAllNotReady({ nodes }: Cluster, since: number): Promise<number> {
  await Promise.all(nodes.map((node) => node.untilNotReady()))
  return performance.now() - since
}

/** From the replica, without a word of trouble. */
async function readsGoOn({ nodes }: Cluster): Promise<void> {
  for (const { url } of nodes) {
    const { status, body } = await ask(url, `/api/sync/poll${queryString({ topics: 'a,b' })}`)
    expect([status, body.resync, body.messages.length > 0]).toEqual([200, false, true])
  }
}

test('a node that starts without Redis waits, says so once, and is ready when it comes', async () => {
  ground = await Ground.start({ perSecond: PER_SECOND })
  const { cluster } = ground
  const [node] = cluster.nodes as [ClusterNode]
  await node.kill()
  await cluster.redis.kill()
  await node.start()
  expect(await node.isReady()).toBe(false)
  expect((await ask(node.url, '/healthz')).status).toBe(200)
  expect((await ask(node.url, '/api/sync/send', { body: { type: 'a' } })).status).toBe(503)
  const said = () => node.process.output().match(/Redis can't be reached/g)?.length
  await waitFor('it to say so', () => said() === 1)
  await cluster.redis.restart({ keepData: false })
  const back = performance.now()
  await cluster.untilReady()
  const toHealed = performance.now() - back
  const verdict = await ground.verdict()
  report('started without Redis', verdict, { 'ms to ready': toHealed.toFixed(0) })
  expect(verdict.violations).toEqual([])
  expect(toHealed).toBeLessThan(LIMITS.healedMs)
  expect(said()).toBe(1)
})
