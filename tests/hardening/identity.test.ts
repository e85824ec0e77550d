// Who a caller is comes from the verified token alone: a table of attempts to read or write as
// somebody else, by everything else that a caller can send, at every door.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { type Answer, Api, queryString } from '../support/Api.js'
import { expectError } from '../support/expectError.js'
import { closeOpenClients } from '../support/openClients.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { SECRET, signed } from '../support/signedTokens.js'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { waitFor } from '../support/waitFor.js'

const VICTIM = 'victim'

let server: TestServer
let victim: Api
/** All that a token can grant to one who is no admin, with names that look like the victim's keys. */
let token: string
let victimToken: string
/** Where the victim's log begins and ends, for those who would hand it in as theirs. */
let before: string
let after: string

beforeAll(async () => {
  server = await startTestServer({ authJwtSecret: SECRET, authorizeTopic: () => true })
  victimToken = await signed({ sub: VICTIM, roles: ['secret'] })
  victim = new Api(server.url, victimToken)
  before = (await victim.poll({ since: 'now' })).body.cursor
  await server.server.publish({ type: 'a', payload: 'for the user', userId: VICTIM })
  await server.server.publish({ type: 'a', payload: 'for the role', roles: ['secret'] })
  after = (await victim.poll({ since: 'now' })).body.cursor
})
beforeEach(async () => {
  const roles = [VICTIM, `u:${VICTIM}`, `user:${VICTIM}`, 'r:secret', 'Secret', '*', 'Admin']
  token = await signed({ sub: 'mallory', roles })
})
afterEach(closeOpenClients)
afterAll(() => server.close())

/** Nothing of the victim's in it: neither a payload nor an audience. */
function expectNothing(said: unknown): void {
  expect(JSON.stringify(said)).not.toMatch(/for the user|for the role|"userId":"victim"/)
}

const HEADERS: Record<string, string> = {
  'X-User-Id': VICTIM,
  'X-Forwarded-User': VICTIM,
  'X-Remote-User': VICTIM,
  'Remote-User': VICTIM,
  'X-Auth-Request-User': VICTIM,
  'X-Roles': 'admin,secret',
  'X-Admin': 'true',
  'X-Http-Method-Override': 'POST',
  'X-Original-Url': '/api/sync/poll?since=0',
  Cookie: `userId=${VICTIM}; roles=admin; token=x`,
  From: VICTIM,
}
const QUERIES: Record<string, string> = {
  userId: VICTIM,
  user: VICTIM,
  sub: VICTIM,
  as: VICTIM,
  roles: 'admin,secret',
  audience: `u:${VICTIM}`,
  principal: `{"userId":"${VICTIM}"}`,
  connectionId: VICTIM,
}
const each = (of: Record<string, string>) => Object.entries(of)
const sinces = () => ['0', before, after, '1', before.replace(/^\d+/, '1')]

describe('reading as somebody else', () => {
  it.each(each(HEADERS))('is not done by a header: %s: %s', async (name, value) => {
    const headers = { [name]: value }
    const api = new Api(server.url, token)
    const { status, body } = await api.request('GET', '/api/sync/poll?since=0', { headers })
    expect(status).toBe(200)
    expectNothing(body)
    const stream = await StreamClient.open(server.url, { token, headers, query: { since: 0 } })
    expect((await stream.next('connected')).data.userId).toBe('mallory')
    const socket = new SocketClient(server.url, { headers })
    await socket.opened()
    socket.send({ op: 'connect', token, since: 0 })
    expect((await socket.next('connected')).userId).toBe('mallory')
    await heardTheEnd(socket, stream)
    expectNothing([socket.frames.all, stream.events.all])
  })

  it.each(each(QUERIES))('is not done by a query: %s=%s', async (name, value) => {
    const query = { since: 0, [name]: value }
    expectNothing((await new Api(server.url, token).poll(query)).body)
    const stream = await StreamClient.open(server.url, { token, query })
    const socket = new SocketClient(server.url, { path: `/ws${queryString(query)}` })
    await socket.opened()
    socket.send({ op: 'connect', token, since: 0 })
    await heardTheEnd(socket, stream)
    expectNothing([socket.frames.all, stream.events.all])
  })

  it.each(each(QUERIES))('is not done by a field of a frame: %s: %s', async (name, value) => {
    const socket = await SocketClient.connect(server.url, { token, since: 0, [name]: value })
    expect(socket.connected.userId).toBe('mallory')
    for (const op of ['subscribe', 'unsubscribe', 'refresh', 'ping']) {
      socket.send({ op, topics: ['t'], token, since: 0, [name]: value })
    }
    await heardTheEnd(socket)
    expectNothing(socket.frames.all)
  })

  it('is not done by a cursor of theirs, on any transport', async () => {
    for (const since of sinces()) {
      const { status, body } = await new Api(server.url, token).poll({ since })
      expect(status).toBe(200)
      expectNothing(body)
      const socket = await SocketClient.connect(server.url, { token, since })
      const stream = await StreamClient.open(server.url, { token, query: { since } })
      const resumed = await StreamClient.open(server.url, {
        token,
        headers: { 'Last-Event-ID': since },
      })
      await socket.ask({ op: 'subscribe', topics: ['t'], since })
      await heardTheEnd(socket, stream, resumed)
      expectNothing([socket.frames.all, stream.events.all, resumed.events.all])
    }
  })

  it('is not done by topics that are called as their keys are', async () => {
    const topics = [`u:${VICTIM}`, `user:${VICTIM}`, VICTIM, 'r:secret', 'secret', 'u:', '0']
    expectNothing((await new Api(server.url, token).poll({ topics: topics.join(',') })).body)
    const socket = await SocketClient.connect(server.url, { token, topics, since: 0 })
    const stream = await StreamClient.open(server.url, {
      token,
      query: { topics: topics.join(','), since: 0 },
    })
    await heardTheEnd(socket, stream)
    expectNothing([socket.frames.all, stream.events.all])
  })

  /** A message to everyone that comes last, so that nothing more can come of what was before. */
  async function heardTheEnd(...clients: (SocketClient | StreamClient)[]): Promise<void> {
    const { messageId } = await server.server.publish({ type: 'end' })
    for (const client of clients) {
      await waitFor('the end', () => client.messages.some(({ id }) => id === messageId))
    }
  }
})

/** What came for the victim, by an attempt. */
async function cameOf(attempt: () => Promise<unknown>): Promise<unknown[]> {
  const { cursor } = (await victim.poll({ since: 'now' })).body
  await attempt()
  const { body } = await victim.poll({ since: cursor, topics: 'secret' })
  return [body.resync, ...body.messages]
}

const FORBIDDEN: [string, object][] = [
  ['their userId', { userId: VICTIM }],
  ['a role of theirs', { roles: ['secret'] }],
  ['a role of both', { roles: [VICTIM, 'secret'] }],
  ['their userId with a topic', { userId: VICTIM, topics: ['t'] }],
  ['their userId behind one’s own role', { roles: ['*'], userId: VICTIM }],
]
const UNKNOWN: [string, object][] = [
  ['a sender', { sender: VICTIM }],
  ['a principal', { principal: { userId: VICTIM, roles: ['admin'] } }],
  ['other users', { userIds: [VICTIM] }],
  ['everyone', { everyone: true }],
  ['an audience', { audience: [`u:${VICTIM}`] }],
  ['an id', { id: '0198c2f6-7e0b-7c3a-b0f5-3a1f0c9d2e11' }],
  ['a cursor', { cursor: '1763650000000-3.k3f9q2' }],
  ['no audience but null', { userId: null }],
  ['no audience but an empty one', { roles: [] }],
  ['a list of users', { userId: [VICTIM] }],
]

async function tryAll(fields: object): Promise<{ answers: Answer[]; frame: { code: string } }> {
  const api = new Api(server.url, token)
  const message = { type: 'a', payload: 'forged', ...fields }
  const socket = await SocketClient.connect(server.url, { token })
  const answers = [await api.send(message), await api.send({ messages: [message] })]
  return { answers, frame: await socket.ask({ op: 'send', message }) }
}

describe('writing to, or as, somebody else', () => {
  it.each(FORBIDDEN)('is forbidden with %s', async (_what, fields) => {
    const came = await cameOf(async () => {
      const { answers, frame } = await tryAll(fields)
      for (const answer of answers) expectError(answer, 403, 'forbidden')
      expect(frame.code).toBe('forbidden')
      const api = new Api(server.url, token)
      expectError(await api.broadcast({ type: 'a', ...fields }), 403, 'forbidden')
      expectError(await api.force(fields), 403, 'forbidden')
    })
    expect(came).toEqual([false])
  })

  it.each(UNKNOWN)('is a mistake with %s', async (_what, fields) => {
    const came = await cameOf(async () => {
      const { answers, frame } = await tryAll(fields)
      for (const answer of answers) expectError(answer, 400, 'invalid_message')
      expect(frame.code).toBe('invalid_message')
    })
    expect(came).toEqual([false])
  })

  it.each(each(HEADERS))('is not done by a header: %s: %s', async (name, value) => {
    const came = await cameOf(async () => {
      const api = new Api(server.url, token)
      const headers = { [name]: value }
      expect((await api.send({ type: 'a' }, headers)).status).toBe(201)
      expectError(await api.send({ type: 'a', userId: VICTIM }, headers), 403, 'forbidden')
      expectError(await api.broadcast({ type: 'a' }, headers), 403, 'forbidden')
      expect((await api.force(undefined, headers)).status).toBe(202)
    })
    expect(came).toEqual([false])
  })

  it.each(each(QUERIES))('is not done by a query: %s=%s', async (name, value) => {
    const came = await cameOf(async () => {
      const api = new Api(server.url, token)
      const post = (route: string, body?: object) =>
        api.request('POST', `/api/sync/${route}${queryString({ [name]: value })}`, { body })
      const sent = await post('send', { type: 'a' })
      expect(sent.status).toBe(201)
      expectError(await post('broadcast', { type: 'a' }), 403, 'forbidden')
      expectError(await post('revoke', { userId: VICTIM }), 403, 'forbidden')
      expect((await post('force')).status).toBe(202)
    })
    expect(came).toEqual([false])
  })

  it('does not find out, nor spoil, the idempotency keys of theirs', async () => {
    const key = { 'Idempotency-Key': 'mine' }
    const first = await victim.send({ type: 'a', payload: 1 }, key)
    const api = new Api(server.url, token)
    const other = await api.send({ type: 'b', payload: 2 }, key)
    expect(other).toMatchObject({ status: 201, body: { duplicate: false } })
    const again = await victim.send({ type: 'a', payload: 1 }, key)
    expect(again.body).toMatchObject({ duplicate: true, messageId: first.body.messageId })
  })
})

describe('what the server says to those who are no admins', () => {
  it('is nothing of users in its status, whoever is connected', async () => {
    const api = new Api(server.url, token)
    const keys = async () => Object.keys((await api.status()).body).sort()
    const alone = await keys()
    expect(alone).toEqual(['openMode', 'status', 'success', 'uptimeMs'])
    await SocketClient.connect(server.url, { token: victimToken })
    expect(await keys()).toEqual(alone)
    const path = `/api/sync/status?userId=${VICTIM}&details=true&admin=1`
    expectNothing((await api.request('GET', path)).body)
    expect(Object.keys((await api.request('GET', path)).body).sort()).toEqual(alone)
  })

  it('is the same of a user who is there, and of one who never was', async () => {
    const api = new Api(server.url, token)
    await SocketClient.connect(server.url, { token: victimToken })
    const bodies = async (userId: string) => {
      const answers = [
        await api.send({ type: 'a', userId }),
        await api.force({ userId }),
        await api.broadcast({ type: 'a', userIds: [userId] }),
        await api.request('POST', '/api/sync/revoke', { body: { userId } }),
      ]
      return answers.map(({ status, body }) => [status, JSON.stringify(body)])
    }
    const known = await bodies(VICTIM)
    expect(known.map(([status]) => status)).toEqual([403, 403, 403, 403])
    expect(await bodies('nobody')).toEqual(known)
  })

  it('counts nobody else’s connections to a forced resync of one’s own', async () => {
    await SocketClient.connect(server.url, { token: victimToken })
    await SocketClient.connect(server.url, { token })
    expect((await new Api(server.url, token).force()).body.recipients).toBe(1)
  })
})
