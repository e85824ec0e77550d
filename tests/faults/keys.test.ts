// One idempotency key at two nodes in the same moment: one message, and both are told which.

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { queryString } from '../support/Api.js'
import { Cluster } from './Cluster.js'
import { ask, type NodeAnswer } from './continuity/NodeApi.js'
import { SOAK } from './Ground.js'

const KEYS = SOAK ? 20_000 : 1000
const AT_ONCE = 50

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 2 })
})
afterAll(() => cluster?.stop())

const send = (node: number, key: number) =>
  ask(cluster.nodes[node]!.url, '/api/sync/send', {
    body: { type: 'keyed', payload: { n: key }, topics: ['keyed'] },
    headers: { 'Idempotency-Key': `key-${key}` },
  })

test(
  `${KEYS} keys, each at two nodes at once, are as many messages`,
  async () => {
    const pairs: [NodeAnswer, NodeAnswer][] = []
    for (let key = 0; key < KEYS; key += AT_ONCE) {
      const some = Array.from({ length: AT_ONCE }, (_, n) =>
        Promise.all([send(0, key + n), send(1, key + n)]),
      )
      pairs.push(...(await Promise.all(some)))
    }
    for (const [one, other] of pairs) {
      expect([one.status, other.status].sort()).toEqual([200, 201])
      expect([one.body.duplicate, other.body.duplicate].sort()).toEqual([false, true])
      expect(other.body.messageId).toBe(one.body.messageId)
      expect(other.body.cursor).toBe(one.body.cursor)
    }
    const ids = pairs.map(([{ body }]) => body.messageId)
    for (const { url } of cluster.nodes) expect((await allIds(url)).sort()).toEqual(ids.sort())
    process.stdout.write(`keys at two nodes at once: ${KEYS}, ${new Set(ids).size} messages\n`)
  },
  60_000 + KEYS * 10,
)

async function allIds(url: string): Promise<string[]> {
  const ids: string[] = []
  for (let since = '0'; ; ) {
    const query = { since, topics: 'keyed', limit: 1000 }
    const { body } = await ask(url, `/api/sync/poll${queryString(query)}`)
    ids.push(...body.messages.map(({ id }: { id: string }) => id))
    since = body.cursor
    if (!body.hasMore) return ids
  }
}
