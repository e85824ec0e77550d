// A WebSocket from its upgrade to `connected`: what is taken, what is refused, and how.

import { request } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { SocketClient } from '../support/SocketClient.js'
import { CURSOR, names, Scene } from './scene.js'
import { target, unique } from './target.js'

const server = target()

async function openedSocket(
  options?: ConstructorParameters<typeof SocketClient>[1],
): Promise<SocketClient> {
  const client = new SocketClient(server.url, options)
  await client.opened()
  return client
}

/** The status of an upgrade that is refused, or of one that is accepted (101). */
function upgradeStatus(headers: Record<string, string>): Promise<number | undefined> {
  const client = new SocketClient(server.url, { headers })
  return new Promise((resolve) => {
    client.socket.on('upgrade', ({ statusCode }) => resolve(statusCode))
    client.socket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode))
  }).finally(() => client.close()) as Promise<number | undefined>
}

describe('the upgrade', () => {
  it('is refused with 403 for a foreign Origin or Host', async () => {
    const { host, origin } = new URL(server.url)
    expect(await upgradeStatus({ Origin: 'https://evil.example' })).toBe(403)
    expect(await upgradeStatus({ Origin: 'null' })).toBe(403)
    expect(await upgradeStatus({ Host: 'evil.example' })).toBe(403)
    expect(await upgradeStatus({ Host: 'evil.example', Origin: 'http://evil.example' })).toBe(403)
    expect(await upgradeStatus({ Origin: origin, Host: host })).toBe(101)
  })

  it('is asked for with 426 where a request has none', async () => {
    const { status, body } = await new Api(server.url).request('GET', '/ws')
    expect(status).toBe(426)
    expect(body).toMatchObject({ success: false, error: { code: expect.any(String) } })
  })

  it('echoes no subprotocol, and reads no token from one', async () => {
    const user = unique('u')
    const headers = { 'Sec-WebSocket-Protocol': `syncline, ${user}` }
    const client = new SocketClient(server.url, { headers })
    const answered = new Promise<string | undefined>((resolve) => {
      client.socket.on('upgrade', (answer) => resolve(answer.headers['sec-websocket-protocol']))
    })
    expect(await answered).toBeUndefined()
    await client.opened()
    client.send({ op: 'connect' })
    expect((await client.next('connected')).userId).toBe('anonymous')
    await client.close()
  })
})

describe('a connection', () => {
  it('is told all that the contract names', async () => {
    const scene = new Scene(server.url)
    const topics = [scene.topic, unique('t')]
    const client = await SocketClient.connect(server.url, { token: scene.token, topics })
    expect(client.connected).toEqual({
      op: 'connected',
      protocol: 1,
      connectionId: expect.stringMatching(/./),
      userId: scene.user,
      cursor: expect.stringMatching(CURSOR),
      resync: false,
      topics,
      denied: [],
      heartbeat: 15_000,
      maxPayload: 65_536,
    })
    const other = await SocketClient.connect(server.url, { token: scene.token })
    expect(other.connected.connectionId).not.toBe(client.connected.connectionId)
    await client.close()
    await other.close()
  })

  it('hears the messages of its user, its roles and its topics, and no others', async () => {
    const scene = new Scene(server.url)
    const client = await SocketClient.connect(server.url, {
      token: scene.token,
      topics: [scene.topic],
    })
    await scene.send('other user', { userId: unique('u') })
    await scene.send('other role', { roles: [unique('r')] })
    await scene.send('other topic', { topics: [unique('t')] })
    await scene.toUser('user')
    await scene.toRole('role')
    await scene.toTopic('topic')
    const heard = [await client.next('message'), await client.next('message')]
    heard.push(await client.next('message'))
    expect(heard.map(({ message }) => message.payload)).toEqual(['user', 'role', 'topic'])
    expect(heard.map((frame) => Object.keys(frame).sort())).toEqual(
      Array(3).fill(['message', 'op']),
    )
    await client.close()
  })

  it('may show its token in the header of the upgrade', async () => {
    const user = unique('u')
    const client = await openedSocket({ headers: { Authorization: `Bearer dev:${user}` } })
    client.send({ op: 'connect' })
    expect((await client.next('connected')).userId).toBe(user)
    await client.close()
  })

  it('ignores fields of `connect` that it does not know', async () => {
    const user = unique('u')
    const client = await SocketClient.connect(server.url, {
      token: `dev:${user}`,
      userId: unique('victim'),
      roles: ['admin'],
    })
    expect(client.connected.userId).toBe(user)
    const answer = await client.ask({
      op: 'send',
      message: { type: 'test', topics: [unique('t')] },
    })
    expect(answer).toMatchObject({ op: 'error', code: 'forbidden' })
    await client.close()
  })

  it('is silent until its first frame, and closed with 4408 where none comes within 5 s', async () => {
    const user = unique('u')
    const headers = { Authorization: `Bearer dev:${user}` }
    const client = await openedSocket({ headers })
    const openedAt = performance.now()
    await new Api(server.url, `dev:${user}`).send({ type: 'test' })
    expect((await client.closed).code).toBe(4408)
    const seconds = (performance.now() - openedAt) / 1000
    expect(seconds).toBeGreaterThan(4.5)
    expect(seconds).toBeLessThan(7)
    expect(client.frames.all).toEqual([])
  })

  it('may have 50 topics, and a topic 200 characters', async () => {
    const topics = [...names('t', 49), 't'.repeat(200)]
    const client = await SocketClient.connect(server.url, { token: `dev:${unique('u')}`, topics })
    expect([...client.connected.topics].sort()).toEqual([...topics].sort())
    await client.close()
  })
})

it('leaves HTTP as it was: an upgrade to another path is no WebSocket', async () => {
  const { hostname, port } = new URL(server.url)
  const upgraded = await new Promise<boolean>((resolve, reject) => {
    const outgoing = request({
      hostname,
      port,
      path: '/wsx',
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      },
    })
    outgoing.on('upgrade', (_response, socket) => {
      socket.destroy()
      resolve(true)
    })
    outgoing.on('response', (response) => {
      response.resume()
      resolve(false)
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
  expect(upgraded).toBe(false)
})
