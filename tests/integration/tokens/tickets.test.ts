// Tickets, for clients that can't set headers: each opens one connection, once and soon, for the
// principal that asked for it.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Api } from '../../support/Api.js'
import { knockAtSocket } from '../../support/doors.js'
import { expectError } from '../../support/expectError.js'
import { closeOpenClients } from '../../support/openClients.js'
import { SocketClient } from '../../support/SocketClient.js'
import { StreamClient } from '../../support/StreamClient.js'
import { HOUR_MS, SECRET, signed } from '../../support/signedTokens.js'
import { TestClock } from '../../support/TestClock.js'
import { startTestServer, type TestServer } from '../../support/testServer.js'

let clock: TestClock
let server: TestServer
let token: string
beforeEach(async () => {
  clock = new TestClock()
  server = await startTestServer({ authJwtSecret: SECRET, ...clock.clocks })
  token = await signed({ sub: 'ann', roles: ['boss'], topics: ['t.*'] })
})
afterEach(async () => {
  await closeOpenClients()
  await server.close()
})

const ask = (by = token) => new Api(server.url, by).request('POST', '/api/sync/ticket')
const ticket = async (by?: string): Promise<string> => (await ask(by)).body.ticket

const atStream = async (query: Record<string, string>) => {
  const stream = await StreamClient.open(server.url, { query })
  const { statusCode } = stream.response
  stream.close()
  return statusCode
}
const inQuery = (value: string) => knockAtSocket(server.url, {}, `/ws?ticket=${value}`)
const inFrame = (value: string) => knockAtSocket(server.url, { ticket: value })
const inStream = (value: string) => atStream({ ticket: value })

const DOORS = [
  ['the query of a socket', inQuery, 101, 4401],
  ['the first frame of a socket', inFrame, 101, 4401],
  ['a stream', inStream, 200, 401],
] as const

it('is told with its end, thirty seconds from now', async () => {
  const { status, body } = await ask()
  expect(status).toBe(201)
  expect(body).toEqual({
    success: true,
    ticket: expect.stringMatching(/^[\w-]{43}$/),
    expiresAt: expect.any(Number),
  })
  expect(body.expiresAt - clock.nowMs).toBeGreaterThan(25_000)
  expect(body.expiresAt - clock.nowMs).toBeLessThanOrEqual(30_000)
})

describe.each(DOORS)('a ticket in %s', (_where, knock, opened, refused) => {
  it('opens once', async () => {
    const one = await ticket()
    expect(await knock(one)).toBe(opened)
    expect(await knock(one)).toBe(refused)
  })

  it('is good for thirty seconds', async () => {
    const [early, late] = [await ticket(), await ticket()]
    clock.forward(29_000)
    expect(await knock(early)).toBe(opened)
    clock.forward(1500)
    expect(await knock(late)).toBe(refused)
  })

  it('is refused when it is made up', async () => {
    expect(await knock('A'.repeat(43))).toBe(refused)
    // What can never have been one asks for no fresh one.
    for (const made of ['x', '', token]) expect([401, 4501]).toContain(await knock(made))
  })

  it('lets one of ten in that come at once', async () => {
    const one = await ticket()
    const answers = await Promise.all(Array.from({ length: 10 }, () => knock(one)))
    expect(answers.filter((answer) => answer === opened)).toHaveLength(1)
    expect(answers.filter((answer) => answer === refused)).toHaveLength(9)
  })

  it('is used up by a stay at another door, too', async () => {
    const one = await ticket()
    await knock(one)
    for (const [, other, , no] of DOORS) expect(await other(one)).toBe(no)
  })
})

describe('what a ticket opens', () => {
  it('has the user, the roles and the topics of its token, and nothing that the query says', async () => {
    const path = `/ws?ticket=${await ticket()}&userId=ben&roles=admin`
    const socket = new SocketClient(server.url, { path })
    await socket.opened()
    socket.send({ op: 'connect', topics: ['t.1', 'u'] })
    const connected = await socket.next('connected')
    expect(connected).toMatchObject({ userId: 'ann', topics: ['t.1'], denied: ['u'] })
    const query = { ticket: await ticket(), topics: 't.1,u' }
    const stream = await StreamClient.open(server.url, { query })
    const { data } = await stream.next('connected')
    expect(data).toMatchObject({ userId: 'ann', topics: ['t.1'], denied: ['u'] })
    await server.server.publish({ type: 'a', payload: 'role', roles: ['boss'] })
    await server.server.publish({ type: 'a', payload: 'other', userId: 'ben' })
    await server.server.publish({ type: 'a', payload: 'topic', topics: ['t.1'] })
    await socket.frames.next('it', ({ message }) => message?.payload === 'topic')
    await stream.events.next('it', (event) => event.data.payload === 'topic')
    for (const { messages } of [socket, stream]) {
      expect(messages.map(({ payload }) => payload)).toEqual(['role', 'topic'])
    }
  })

  it('ends with the token that the ticket was got by', async () => {
    const short = await signed({ sub: 'ann' }, { ttlMs: 10_000 })
    const { body } = await ask(short)
    expect(body.expiresAt).toBeLessThanOrEqual(clock.nowMs + 10_000)
    const socket = await SocketClient.connect(server.url, { ticket: body.ticket })
    const stream = await StreamClient.open(server.url, { query: { ticket: await ticket(short) } })
    const unused = await ticket(short)
    clock.forward(11_000)
    expect((await socket.closed).code).toBe(4401)
    expect((await stream.next('closed')).data).toEqual({ code: 4401 })
    expect(await inFrame(unused)).toBe(4401)
  })

  it('is none of its own: a ticket gets no other one', async () => {
    const path = `/api/sync/ticket?ticket=${await ticket()}`
    expectError(await new Api(server.url).request('POST', path), 401, 'unauthorized')
  })
})

describe('a ticket at another door', () => {
  it.each([
    ['GET', 'poll', undefined],
    ['GET', 'status', undefined],
    ['POST', 'send', { type: 'a' }],
    ['POST', 'broadcast', { type: 'a' }],
    ['POST', 'force', undefined],
    ['POST', 'revoke', { userId: 'ben' }],
  ])('is 401: %s /%s', async (method, route, body) => {
    const one = await ticket(await signed({ sub: 'root', roles: ['admin'] }))
    const path = `/api/sync/${route}?ticket=${one}`
    expectError(await new Api(server.url).request(method, path, { body }), 401, 'unauthorized')
    const bearer = new Api(server.url, one)
    expectError(await bearer.request(method, `/api/sync/${route}`, { body }), 401, 'unauthorized')
  })
})

describe('a ticket beside a token', () => {
  it('is 400 and 4400, and still good alone', async () => {
    const one = await ticket()
    const api = new Api(server.url, token)
    const answer = await api.request('GET', `/api/sync/stream?ticket=${one}`)
    expectError(answer, 400, 'invalid_request')
    const path = `/ws?ticket=${one}`
    expect(await knockAtSocket(server.url, { token }, path)).toBe(4400)
    expect(await knockAtSocket(server.url, { ticket: one }, path)).toBe(4400)
    expect(await knockAtSocket(server.url, { ticket: one, token })).toBe(4400)
    expect(await inFrame(one)).toBe(101)
  })
})

describe('who gets one', () => {
  it('is nobody without a token that is good', async () => {
    const old = await signed({ sub: 'ann' }, { nowMs: Date.now() - 2 * HOUR_MS })
    for (const by of ['nonsense', old]) expectError(await ask(by), 401, 'unauthorized')
    expectError(await new Api(server.url).request('POST', '/api/sync/ticket'), 401, 'unauthorized')
  })

  it('is no service, which could open nothing with it', async () => {
    expectError(await ask(await signed({ sub: 'jobs', roles: ['service'] })), 403, 'forbidden')
  })

  it('has at most a hundred that wait, whatever others have, and more when some are used', async () => {
    const tickets = await Promise.all(Array.from({ length: 100 }, () => ticket()))
    expect(new Set(tickets).size).toBe(100)
    const answer = await ask()
    expectError(answer, 429, 'rate_limited')
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await ask(await signed({ sub: 'ben' }))).status).toBe(201)
    expect(await inFrame(tickets[50]!)).toBe(101)
    expect((await ask()).status).toBe(201)
    clock.forward(31_000)
    expect((await ask()).status).toBe(201)
  })
})
