// The client on a server that verifies tokens: one runs out and another is revoked while messages
// keep coming. The application's `getToken` is asked, and nothing is lost or comes twice.

import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { Follower, requireNoGap, TRANSPORTS } from '../../support/Follower.js'
import { NumberedPublisher } from '../../support/NumberedPublisher.js'
import { closeOpenClients } from '../../support/openClients.js'
import { SECRET, signed } from '../../support/signedTokens.js'
import { TestClock } from '../../support/TestClock.js'
import { startTestServer, type TestServer } from '../../support/testServer.js'

let clock: TestClock
let server: TestServer
beforeEach(async () => {
  clock = new TestClock()
  server = await startTestServer({ authJwtSecret: SECRET, wallNow: clock.clocks.wallNow })
})
afterEach(async () => {
  await closeOpenClients()
  await server.close()
})

interface Asking {
  readonly follower: Follower
  /** How often its application was asked for a token. */
  readonly asked: () => number
}

async function start(transport: (typeof TRANSPORTS)[number]): Promise<Asking> {
  let asked = 0
  const getToken = () => {
    asked += 1
    return signed({ sub: 'ann', topics: ['t'] }, { nowMs: clock.nowMs, ttlMs: 60_000 })
  }
  const options = { baseUrl: server.url, transports: [transport], topics: ['t'], getToken }
  return { follower: await Follower.start(options), asked: () => asked }
}

async function goesOn({ follower }: Asking): Promise<void> {
  const { length } = follower.numbers()
  await follower.until('more', () => follower.numbers().length > length + 10)
}

/** Does what makes tokens worthless, and waits until everybody has another one and goes on. */
async function over(clients: readonly Asking[], end: () => unknown): Promise<void> {
  const before = clients.map(({ asked }) => asked())
  await end()
  await Promise.all(
    clients.map(async (client, index) => {
      await client.follower.until('a question', () => client.asked() > before[index]!)
      await goesOn(client)
    }),
  )
}

it('on every transport it goes on over an expiry and a revocation, without a loss or a repeat', async () => {
  const clients = await Promise.all(TRANSPORTS.map(start))
  const publisher = new NumberedPublisher(server.server)
  try {
    publisher.start()
    await Promise.all(clients.map(goesOn))
    await over(clients, () => clock.forward(90_000))
    await over(clients, () => server.server.revoke({ userId: 'ann' }))
  } finally {
    await publisher.stop()
  }
  for (const { follower, asked } of clients) {
    await follower.until('the last', () => follower.numbers().at(-1) === publisher.count - 1)
    requireNoGap(follower.numbers())
    expect(follower.resyncs).toEqual([])
    expect(follower.snapshot.topics).toEqual(['t'])
    expect(asked()).toBeLessThanOrEqual(8)
  }
})
