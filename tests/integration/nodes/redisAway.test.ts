// While Redis is away each node keeps its own limits, and answers.

import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import { Api } from '../../support/Api.js'
import { knockAtSocket } from '../../support/doors.js'
import { closeOpenClients } from '../../support/openClients.js'
import { RedisServer } from '../../support/RedisServer.js'
import { SocketClient } from '../../support/SocketClient.js'
import { SECRET, signed } from '../../support/signedTokens.js'
import { waitFor } from '../../support/waitFor.js'
import { Nodes, type TestNode } from './Nodes.js'

const OPTIONS = { authJwtSecret: SECRET, rateLimitMax: 10, maxConnectionsPerUser: 4 }

let redis: RedisServer
let nodes: Nodes
beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis.stop())
afterEach(async () => {
  await closeOpenClients()
  await nodes.close()
})

async function start() {
  nodes = new Nodes(redis)
  return (await nodes.startSeveral(2, OPTIONS)) as [TestNode, TestNode]
}

const ticketAt = ({ url }: TestNode, token: string) =>
  new Api(url, token).request('POST', '/api/sync/ticket')
const failuresAt = async ({ url }: TestNode, count: number) => {
  const attempts = Array.from({ length: count }, () => new Api(url, 'wrong').poll())
  return (await Promise.all(attempts)).filter(({ status }) => status === 401).length
}
const UNAVAILABLE = { status: 503, body: { error: { code: 'unavailable' } } }

it.each(['dead', 'mute'] as const)('where Redis is %s', async (how) => {
  const [a, b] = await start()
  const token = await signed({ sub: 'ann' })
  const api = new Api(a.url, token)
  const { ticket } = (await ticketAt(a, token)).body
  expect(await failuresAt(a, 4)).toBe(4)
  const there = await SocketClient.connect(b.url, { token })
  await (how === 'mute' ? redis.freeze() : redis.kill())
  try {
    const startedAt = performance.now()
    expect((await api.poll()).status).toBe(200)
    // What it had heard of before, and what it has let through since.
    expect(await failuresAt(a, 20)).toBe(6)
    const sockets = await Promise.all(
      [1, 2, 3, 4].map(() => SocketClient.connect(a.url, { token })),
    )
    expect(await knockAtSocket(a.url, { token })).toBe(1013)
    expect(performance.now() - startedAt).toBeLessThan(3000)
    const refused = await ticketAt(a, token)
    expect(refused).toMatchObject(UNAVAILABLE)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(await knockAtSocket(a.url, { ticket })).toBe(1013)
    const admin = await signed({ sub: 'root', roles: ['admin'] })
    const revoked = await new Api(a.url, admin).request('POST', '/api/sync/revoke', {
      body: { userId: 'ann' },
    })
    expect(revoked).toMatchObject(UNAVAILABLE)
    for (const socket of sockets) expect((await socket.closed).code).toBe(4401)
    expect((await api.poll()).status).toBe(401)
  } finally {
    await (how === 'mute' ? redis.thaw() : redis.restart({ keepData: false }))
  }
  // The node that was told tells the others.
  expect((await there.closed).code).toBe(4401)
  const bob = await signed({ sub: 'bob' })
  await waitFor('tickets', async () => (await ticketAt(b, bob)).status === 201)
})
