// Tickets and revocations of several nodes: what one gives out or takes back, all know.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { Api } from '../../support/Api.js'
import { allDoors, knock, knockAtSocket } from '../../support/doors.js'
import { EXPIRED, LiveReaders } from '../../support/LiveReaders.js'
import { closeOpenClients } from '../../support/openClients.js'
import { RedisServer } from '../../support/RedisServer.js'
import { contentsOf } from '../../support/redisContents.js'
import { StreamClient } from '../../support/StreamClient.js'
import { SECRET, signed } from '../../support/signedTokens.js'
import { Nodes, type TestNode } from './Nodes.js'

let redis: RedisServer
let nodes: Nodes
let a: TestNode
let b: TestNode
let token: string

beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis.stop())
beforeEach(async () => {
  nodes = new Nodes(redis)
  ;[a, b] = (await nodes.startSeveral(2, { authJwtSecret: SECRET })) as [TestNode, TestNode]
  token = await signed({ sub: 'ann', jti: 'secret-jti' })
})
afterEach(async () => {
  await closeOpenClients()
  await nodes.close()
})

const ticketOf = async ({ url }: TestNode): Promise<string> => {
  const { status, body } = await new Api(url, token).request('POST', '/api/sync/ticket')
  expect(status).toBe(201)
  return body.ticket
}
const revokeAt = async ({ url }: TestNode, revocation: object) => {
  const admin = await signed({ sub: 'root', roles: ['admin'] })
  return new Api(url, admin).request('POST', '/api/sync/revoke', { body: revocation })
}

describe('a ticket', () => {
  it('that one node gave opens once, on any other', async () => {
    const ticket = await ticketOf(a)
    const stream = await StreamClient.open(b.url, { query: { ticket } })
    expect((await stream.next('connected')).data.userId).toBe('ann')
    for (const { url } of [a, b]) expect(await knockAtSocket(url, { ticket })).toBe(4401)
    expect(await knockAtSocket(b.url, { ticket: await ticketOf(a) })).toBe(101)
  })

  it('lets one in of twenty that come to two nodes at once', async () => {
    const ticket = await ticketOf(a)
    const knocks = Array.from({ length: 20 }, (_, n) =>
      knockAtSocket([a, b][n % 2]!.url, { ticket }),
    )
    const answers = await Promise.all(knocks)
    expect(answers.filter((answer) => answer === 101)).toHaveLength(1)
    expect(answers.filter((answer) => answer === 4401)).toHaveLength(19)
  })

  it('stays revocable by the name of its token, wherever it was used', async () => {
    const ticket = await ticketOf(a)
    const stream = await StreamClient.open(b.url, { query: { ticket } })
    await stream.next('connected')
    await revokeAt(a, { jti: 'secret-jti' })
    expect((await stream.next('closed', 5000)).data).toEqual({ code: 4401 })
  })
})

describe('a revocation', () => {
  it.each([
    ['user', { userId: 'ann' }],
    ['token', { jti: 'secret-jti' }],
  ])(
    'of a %s on one node ends on the others within 5 s what acts by it, and lets nothing in',
    async (_what, revocation) => {
      const [here, there] = [await LiveReaders.open(a, token), await LiveReaders.open(b, token)]
      const bob = await LiveReaders.open(b, await signed({ sub: 'bob' }))
      const startedAt = performance.now()
      const { status, body } = await revokeAt(a, revocation)
      // Those of the node that was asked.
      expect([status, body.disconnected]).toEqual([200, 3])
      expect(await here.ends()).toEqual(EXPIRED)
      expect(await there.ends()).toEqual(EXPIRED)
      expect(performance.now() - startedAt).toBeLessThan(5000)
      expect(await bob.areServed()).toBe(true)
      expect(await knock(b.url, token)).toEqual(allDoors(401, 4401))
    },
  )

  it('is known to a node that starts later', async () => {
    await revokeAt(a, { userId: 'ann' })
    const late = await nodes.start({ authJwtSecret: SECRET })
    expect(await knock(late.url, token)).toEqual(allDoors(401, 4401))
  })

  it('by a host’s own code resolves when Redis has it', async () => {
    expect(await a.server.revoke({ userId: 'ann' })).toBe(0)
    const late = await nodes.start({ authJwtSecret: SECRET })
    expect((await new Api(late.url, token).poll()).status).toBe(401)
  })
})

it('Redis holds no token, no ticket, no secret, and nothing of these stores without an end', async () => {
  const ticket = await ticketOf(a)
  const wrong = await signed({ sub: 'secret-user', jti: 'secret-jti', exp: 1 })
  await new Api(a.url, wrong).poll()
  await new Api(a.url, 'secret-wrong-token').poll()
  await LiveReaders.open(b, token)
  await revokeAt(b, { jti: 'secret-jti' })
  const all = await contentsOf(redis, nodes.key('*'))
  const stores = all.filter(({ key }) => /:(budget|ticket|tickets|places|revocations)/.test(key))
  expect(stores.length).toBeGreaterThanOrEqual(8)
  for (const { lifeMs } of stores) expect(lifeMs).toBeGreaterThan(0)
  const [head = '', claims = '', signature = ''] = token.split('.')
  for (const { key, text } of all) {
    for (const secret of [ticket, head, claims, signature, 'secret-', SECRET]) {
      expect(`${key} ${text}`).not.toContain(secret)
    }
  }
})
