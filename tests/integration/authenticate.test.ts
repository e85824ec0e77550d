// A custom `authenticate`: whatever it does, callers hear the contract's answer, and nothing of
// what went on inside.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  type AuthenticationRequest,
  type PrincipalInput,
  SyncError,
} from '../../server/createSyncServer.js'
import { Api } from '../support/Api.js'
import { expectServed } from '../support/canary.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { startTestServer, type TestServer } from '../support/testServer.js'

const SECRET = 'postgres://user:password@db.internal'

/** What an authenticate function could return in spite of its type, by token. */
const ODD: Record<string, unknown> = {
  false: false,
  text: 'ann',
  list: [],
  'no-user': {},
  'empty-user': { userId: '' },
  'number-user': { userId: 7 },
  'roles-text': { userId: 'u', roles: 'nonadmin' },
  'roles-numbers': { userId: 'u', roles: [1] },
  'control-character': { userId: 'a\nb' },
  'topics-list': { userId: 'u', topics: ['a'] },
}

let server: TestServer
const asked: AuthenticationRequest[] = []

const wait = () => new Promise((resolve) => setTimeout(resolve, 20))

async function authenticate(request: AuthenticationRequest): Promise<PrincipalInput | null> {
  asked.push(request)
  const { token } = request
  if (token === undefined || token === 'wrong') return null
  // What a look-up gives that finds nobody, whatever the type says.
  if (token === 'unknown') return undefined as unknown as null
  await wait()
  if (token === 'throws') throw new Error(SECRET)
  if (token === 'throws-nothing') throw undefined
  if (token === 'undecided') throw new SyncError('unavailable', 'the directory is down')
  if (token in ODD) return ODD[token] as PrincipalInput
  if (token.startsWith('dev:')) return { userId: token.slice(4) }
  return { userId: token, roles: ['admin'], topics: { subscribe: ['a*'], publish: ['ab'] } }
}

beforeAll(async () => {
  server = await startTestServer({ authenticate })
})
afterAll(() => server.close())

async function rejected(token: string | undefined) {
  const socket = new SocketClient(server.url)
  await socket.opened()
  socket.send({ op: 'connect', ...(token !== undefined && { token }) })
  const { code, reason } = await socket.closed
  return { code, reason, frames: socket.frames.all }
}

describe('who is refused', () => {
  it.each([undefined, 'wrong', 'unknown'])('hears 401 and 4501: %s', async (token) => {
    const api = new Api(server.url, token)
    const answers = [
      await api.poll(),
      await api.request('GET', '/api/sync/stream'),
      await api.status(),
      await api.send({ type: 'a' }),
      await api.broadcast({ type: 'a' }),
      await api.force(),
    ]
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 401, body: { error: { code: 'unauthorized' } } })
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    }
    const { code, frames } = await rejected(token)
    expect(code).toBe(4501)
    expect(frames).toMatchObject([{ op: 'error', code: 'unauthorized' }])
    expect(JSON.stringify(frames)).not.toContain('wrong')
  })

  it('is not anonymous, nor is a dev token believed, once there is authentication', async () => {
    expect(server.server.isOpenMode).toBe(false)
    const { body } = await new Api(server.url, 'dev:ann:admin').status()
    expect(body.nodes).toBeUndefined()
    expect(body.openMode).toBe(false)
  })
})

describe('a fault inside', () => {
  it.each(['throws', 'throws-nothing', ...Object.keys(ODD)])(
    'is 500 and 1011, and leaks nothing: %s',
    async (token) => {
      const api = new Api(server.url, token)
      for (const answer of [await api.poll(), await api.send({ type: 'a' })]) {
        expect(answer.status).toBe(500)
        expect(answer.body).toEqual({
          success: false,
          error: { code: 'internal', message: expect.stringMatching(/^the server met a fault/) },
        })
      }
      const { frames, ...end } = await rejected(token)
      expect(end).toEqual({ code: 1011, reason: 'internal' })
      for (const frame of frames) expect(frame).toMatchObject({ op: 'error', code: 'internal' })
      expect(JSON.stringify(frames)).not.toContain('postgres')
      await expectServed(server.url)
    },
  )

  it('in a refresh ends that connection alone', async () => {
    const socket = await SocketClient.connect(server.url, { token: 'ann' })
    const other = await SocketClient.connect(server.url, { token: 'ben' })
    socket.send({ op: 'refresh', token: 'throws', ref: 1 })
    expect([1011, 4501]).toContain((await socket.closed).code)
    expect(JSON.stringify(socket.frames.all)).not.toContain('postgres')
    expect(await other.ask({ op: 'ping' })).toMatchObject({ op: 'ok' })
    await other.close()
  })
})

it('who can not be found out just now keeps in a refresh what the old token gave', async () => {
  const socket = await SocketClient.connect(server.url, { token: 'ann' })
  const refused = await socket.ask({ op: 'refresh', token: 'undecided' })
  expect(refused).toMatchObject({ op: 'error', code: 'unavailable' })
  const message = { type: 'a', userId: 'somebody' }
  expect(await socket.ask({ op: 'send', message })).toMatchObject({ op: 'ok' })
  await socket.close()
})

describe('who is let in', () => {
  it('has the rights that authenticate gave, on every transport', async () => {
    const api = new Api(server.url, 'ann')
    expect((await api.status()).body.nodes).toBe(1)
    expect((await api.poll({ topics: 'ax' })).status).toBe(200)
    expect((await api.poll({ topics: 'b' })).status).toBe(403)
    const stream = await StreamClient.open(server.url, { token: 'ann', query: { topics: 'ax,b' } })
    expect((await stream.next('connected')).data).toMatchObject({
      userId: 'ann',
      topics: ['ax'],
      denied: ['b'],
    })
    stream.close()
    const socket = await SocketClient.connect(server.url, { token: 'ann', topics: ['ax', 'b'] })
    expect(socket.connected).toMatchObject({ userId: 'ann', topics: ['ax'], denied: ['b'] })
    expect(await socket.ask({ op: 'refresh', token: 'ann' })).toMatchObject({ op: 'ok' })
    await socket.close()
  })

  it('was shown to authenticate with token, headers and address', async () => {
    asked.length = 0
    await new Api(server.url, 'ann').request('GET', '/api/sync/status', {
      headers: { 'X-Tenant': 'one' },
    })
    const socket = new SocketClient(server.url, { headers: { 'X-Tenant': 'two' } })
    await socket.opened()
    socket.send({ op: 'connect', token: 'ann' })
    await socket.next('connected')
    await socket.close()
    expect(asked).toMatchObject([
      { token: 'ann', remoteAddress: '127.0.0.1', headers: { 'x-tenant': 'one' } },
      { token: 'ann', remoteAddress: '127.0.0.1', headers: { 'x-tenant': 'two' } },
    ])
  })

  it('is asked for again when the connection refreshes as somebody else, and cut off', async () => {
    const socket = await SocketClient.connect(server.url, { token: 'ann' })
    socket.send({ op: 'refresh', token: 'ben', ref: 1 })
    expect((await socket.closed).code).toBe(4501)
  })
})
