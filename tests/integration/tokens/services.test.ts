// Back ends, by a secret of SERVICE_TOKENS or by a token with the service role: they publish to
// anyone, as an admin does, and read nothing.

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { Api } from '../../support/Api.js'
import { allDoors, knock } from '../../support/doors.js'
import { expectError } from '../../support/expectError.js'
import { closeOpenClients } from '../../support/openClients.js'
import { SocketClient } from '../../support/SocketClient.js'
import { SECRET, signed } from '../../support/signedTokens.js'
import { startTestServer, type TestServer } from '../../support/testServer.js'

const BILLING = { name: 'billing', secret: 'the secret of billing: 0123456789' }
const ORDERS = { name: 'orders', secret: 'the secret of orders: 0123456789' }

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({
    authJwtSecret: SECRET,
    serviceTokens: [BILLING, ORDERS],
    authServiceRole: 'back-end',
  })
})
afterEach(closeOpenClients)
afterAll(() => server.close())

const READS_NOTHING = allDoors(201, 4503, {
  'GET /poll': 403,
  'GET /stream': 403,
  'GET /status': 200,
  'POST /force': 202,
  'POST /ticket': 403,
  'POST /revoke': 403,
})

describe.each<[string, () => Promise<string>]>([
  ['a secret', async () => BILLING.secret],
  ['the service role', () => signed({ sub: 'jobs', roles: ['back-end', 'boss'], topics: ['*'] })],
])('a service by %s', (_kind, make) => {
  it('publishes at every door, and reads at none', async () => {
    expect(await knock(server.url, await make())).toEqual(READS_NOTHING)
  })

  it('reaches users, roles, topics and everyone', async () => {
    const api = new Api(server.url, await make())
    const token = await signed({ sub: 'ann', roles: ['boss'], topics: ['t'] })
    const ann = await SocketClient.connect(server.url, { token, topics: ['t'] })
    const sends = [
      await api.send({ messages: [{ type: 'a', payload: 'user', userId: 'ann' }] }),
      await api.send({ type: 'a', payload: 'role', roles: ['boss'] }),
      await api.send({ type: 'a', payload: 'topic', topics: ['t'] }),
      await api.broadcast({ type: 'a', payload: 'users', userIds: ['ben', 'ann'] }),
      await api.broadcast({ type: 'a', payload: 'everyone' }),
      await api.force({ everyone: true }),
    ]
    expect(sends.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 202])
    await ann.next('resync')
    const heard = ann.messages.map(({ payload }) => payload)
    expect(heard).toEqual(['user', 'role', 'topic', 'users', 'everyone'])
  })

  it('has to say for whom: it has no connections of its own', async () => {
    const api = new Api(server.url, await make())
    expectError(await api.send({ type: 'a' }), 400, 'invalid_message')
    expectError(await api.send({ messages: [{ type: 'a' }] }), 400, 'invalid_message')
    expectError(await api.force(), 400, 'invalid_request')
  })

  it('is told for how long keys are remembered, and no other details of the server', async () => {
    const { body } = await new Api(server.url, await make()).status()
    const told = ['idempotencyTtlMs', 'openMode', 'status', 'success', 'uptimeMs']
    expect(Object.keys(body).sort()).toEqual(told)
  })
})

it('a service that is called as a user is neither that user, nor shares keys with them', async () => {
  const user = await signed({ sub: BILLING.name, topics: { publish: ['t'] } })
  const asUser = new Api(server.url, user)
  const asService = new Api(server.url, BILLING.secret)
  const key = { 'Idempotency-Key': 'k' }
  expect((await asService.send({ type: 'a', topics: ['t'] }, key)).status).toBe(201)
  expect((await asUser.send({ type: 'b', topics: ['t'] }, key)).status).toBe(201)
  const again = await new Api(server.url, ORDERS.secret).send({ type: 'c', topics: ['t'] }, key)
  expect(again.status).toBe(201)
  expect((await asService.send({ type: 'a', topics: ['t'] }, key)).body.duplicate).toBe(true)
})

it.each([
  ['cut', BILLING.secret.slice(0, -1)],
  ['longer', `${BILLING.secret}0`],
  ['with its name', `${BILLING.name}:${BILLING.secret}`],
  ['in capitals', BILLING.secret.toUpperCase()],
  ['the name alone', BILLING.name],
])('a secret that is not exact is refused: %s', async (_how, secret) => {
  expect(await knock(server.url, secret)).toEqual(allDoors(401, 4501))
})

it('an admin who has the service role as well is an admin', async () => {
  const token = await signed({ sub: 'root', roles: ['back-end', 'admin'] })
  expect((await new Api(server.url, token).poll()).status).toBe(200)
})
