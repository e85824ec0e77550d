// A message that is published in the very moment in which a poll arrives: before it is read,
// between its empty read and its registration, or after. Whichever it is, the poll gets it.

import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { pseudoRandom } from '../support/pseudoRandom.js'
import { startTestServer, type TestServer } from '../support/testServer.js'

const PUBLISHES = process.env.SOAK === '1' ? 40_000 : 2000
const LANES = 10
const JITTER_MS = 5
const WAIT_SECONDS = 25
/** Decides who comes first in each round, and by how much. `SEED=…` takes a former one again. */
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32))

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ maxMessagesPerAudience: 10 })
})
afterAll(() => server.close())

/** One reader and its publisher, as often as it takes. */
async function runLane(lane: number): Promise<void> {
  const userId = `lane${lane}`
  const random = pseudoRandom(SEED + lane)
  const reader = new Api(server.url, `dev:${userId}`)
  let since = (await reader.poll({ since: 'now' })).body.cursor
  for (let round = 0; round < PUBLISHES / LANES; round += 1) {
    const leadMs = (random() * 2 - 1) * JITTER_MS
    const isOverHttp = round % 2 === 0
    const publish = async () => {
      await delay(Math.max(0, -leadMs))
      const draft = { type: 'test', payload: { round }, userId }
      if (isOverHttp) await reader.send(draft)
      else await server.server.publish(draft)
    }
    const poll = async () => {
      await delay(Math.max(0, leadMs))
      const startedAt = performance.now()
      const { body } = await reader.poll({ since, wait: WAIT_SECONDS })
      const elapsedMs = performance.now() - startedAt
      expect(body).toMatchObject({ count: 1, resync: false, messages: [{ payload: { round } }] })
      expect(elapsedMs).toBeLessThan(WAIT_SECONDS * 500)
      since = body.cursor
    }
    await Promise.all([publish(), poll()])
  }
}

it(
  'a poll that arrives together with its message never waits for its timeout',
  async () => {
    const lanes = Array.from({ length: LANES }, (_, lane) => runLane(lane))
    await Promise.all(lanes).catch((error: unknown) => {
      throw new Error(`the seed was SEED=${SEED}`, { cause: error })
    })
    expect(server.server.stats()).toMatchObject({ published: PUBLISHES })
  },
  120_000 * (PUBLISHES / 2000),
)
