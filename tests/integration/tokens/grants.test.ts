// Which topics a token lets its user read and publish to: the same rule at every door.

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { Api } from '../../support/Api.js'
import { closeOpenClients } from '../../support/openClients.js'
import { SocketClient } from '../../support/SocketClient.js'
import { StreamClient } from '../../support/StreamClient.js'
import { SECRET, signed } from '../../support/signedTokens.js'
import { startTestServer, type TestServer } from '../../support/testServer.js'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ authJwtSecret: SECRET })
})
afterEach(closeOpenClients)
afterAll(() => server.close())

/** Whether a token with these grants may read a topic; all doors have to agree. */
async function mayRead(topics: unknown, topic: string): Promise<boolean> {
  const token = await signed({ sub: 'ann', topics })
  const { status } = await new Api(server.url, token).poll({ topics: topic })
  const stream = await StreamClient.open(server.url, { token, query: { topics: topic } })
  const { topics: streamed } = (await stream.next('connected')).data
  const socket = await SocketClient.connect(server.url, { token, topics: [topic] })
  const bare = await SocketClient.connect(server.url, { token })
  const subscribed = await bare.ask({ op: 'subscribe', topics: [topic] })
  const answers = [
    status === 200,
    streamed.includes(topic),
    socket.connected.topics.includes(topic),
    subscribed.op === 'ok',
  ]
  expect(new Set(answers).size).toBe(1)
  return status === 200
}

/** Whether it may publish to it. */
async function mayPublish(topics: unknown, topic: string): Promise<boolean> {
  const token = await signed({ sub: 'ann', topics })
  const message = { type: 'a', topics: [topic] }
  const api = new Api(server.url, token)
  const socket = await SocketClient.connect(server.url, { token })
  const answers = [
    (await api.send(message)).status === 201,
    (await api.send({ messages: [message] })).status === 201,
    (await socket.ask({ op: 'send', message })).op === 'ok',
  ]
  expect(new Set(answers).size).toBe(1)
  return answers[0] as boolean
}

const both = async (topics: unknown, topic: string) => [
  await mayRead(topics, topic),
  await mayPublish(topics, topic),
]

describe('grants to read and to publish', () => {
  it.each<[unknown, string, boolean, boolean]>([
    [undefined, 'a', false, false],
    [null, 'a', false, false],
    [[], 'a', false, false],
    [['a'], 'a', true, false],
    [['a'], 'ab', false, false],
    [['ab'], 'a', false, false],
    [['a'], 'A', false, false],
    [['a*'], 'a', true, false],
    [['a*'], 'abc', true, false],
    [['a:*'], 'a', false, false],
    [['a:*'], 'a:b:c', true, false],
    [['a*b'], 'axb', false, false],
    [['*'], 'anything', true, false],
    [['.*'], 'a', false, false],
    [{ subscribe: ['a'] }, 'a', true, false],
    [{ publish: ['a'] }, 'a', false, true],
    [{ publish: ['a*'] }, 'abc', false, true],
    [{ subscribe: ['a'], publish: ['b'] }, 'b', false, true],
    [{}, 'a', false, false],
    [undefined, 'public:news', true, false],
    [undefined, 'public:', true, false],
    [undefined, 'publicly', false, false],
    [undefined, 'Public:news', false, false],
    [undefined, 'x.public:news', false, false],
    [{ publish: ['public:*'] }, 'public:news', true, true],
  ])('%j: "%s" may be read: %s, published to: %s', async (topics, topic, reads, publishes) => {
    expect(await both(topics, topic)).toEqual([reads, publishes])
  })

  it.each([['a'], [['a', 7]], [{ subscribe: 'a' }], [{ read: ['a'] }], [7], [{ 0: 'a' }]])(
    'of another form make the token a wrong one: %j',
    async (topics) => {
      const { status, body } = await new Api(
        server.url,
        await signed({ sub: 'ann', topics }),
      ).poll()
      expect(status).toBe(401)
      expect(body.error.message).toContain('topics')
    },
  )
})

describe('who lacks a grant', () => {
  it('is told which claim is missing, and the same whether there is such a topic or not', async () => {
    await server.server.publish({ type: 'a', topics: ['known'] })
    const api = new Api(server.url, await signed({ sub: 'ann' }))
    const { status, body } = await api.poll({ topics: 'known' })
    expect(status).toBe(403)
    expect(body.error.message).toContain('topics.subscribe')
    const other = await api.poll({ topics: 'never' })
    expect(JSON.stringify(other.body)).toBe(JSON.stringify(body).replace('known', 'never'))
    const sent = await api.send({ type: 'a', topics: ['known'] })
    expect(sent.status).toBe(403)
    expect(sent.body.error.message).toContain('topics.publish')
  })

  it('of one among several gets none of them where there is no word for it', async () => {
    const token = await signed({ sub: 'ann', topics: { subscribe: ['a'], publish: ['a'] } })
    const api = new Api(server.url, token)
    expect((await api.poll({ topics: 'a,b' })).status).toBe(403)
    expect((await api.send({ type: 'a', topics: ['a', 'b'] })).status).toBe(403)
    const { published } = server.server.stats() as { published: number }
    const messages = [
      { type: 'a', topics: ['a'] },
      { type: 'a', topics: ['b'] },
    ]
    expect((await api.send({ messages })).status).toBe(403)
    expect(server.server.stats()).toMatchObject({ published })
  })

  it('may publish to nobody else, and tell nobody else to refetch', async () => {
    const token = await signed({ sub: 'ann', roles: ['boss'], topics: { publish: ['*'] } })
    const api = new Api(server.url, token)
    const { published } = server.server.stats() as { published: number }
    for (const audience of [{ userId: 'ben' }, { roles: ['boss'] }]) {
      expect((await api.send({ type: 'a', ...audience })).status).toBe(403)
      expect((await api.force(audience)).status).toBe(403)
    }
    for (const audience of [{ topics: ['a'] }, { everyone: true }]) {
      expect((await api.force(audience)).status).toBe(403)
    }
    expect((await api.broadcast({ type: 'a', topics: ['a'] })).status).toBe(403)
    expect(server.server.stats()).toMatchObject({ published })
  })
})

describe('settings for other claims', () => {
  it('name the claims and roles that count, by path or by a name with dots', async () => {
    const own = await startTestServer({
      authJwtSecret: SECRET,
      authTopicsClaim: 'https://example.com/topics',
      authRolesClaim: 'app.roles',
      authAdminRole: 'chief',
    })
    const claims = {
      sub: 'ann',
      'https://example.com/topics': ['t'],
      app: { roles: ['chief'] },
      topics: ['*'],
      roles: ['admin'],
    }
    const api = new Api(own.url, await signed(claims))
    expect((await api.poll({ topics: 't' })).status).toBe(200)
    const { status, body } = await api.poll({ topics: 'u' })
    expect(status).toBe(403)
    expect(body.error.message).toContain('https://example.com/topics.subscribe')
    expect((await api.broadcast({ type: 'a' })).status).toBe(201)
    const admin = new Api(own.url, await signed({ ...claims, app: { roles: ['admin'] } }))
    expect((await admin.broadcast({ type: 'a' })).status).toBe(403)
    await own.close()
  })

  it('give way to an authorizeTopic of the host’s own, asked for each topic and action', async () => {
    const asked: unknown[] = []
    const own = await startTestServer({
      authJwtSecret: SECRET,
      authorizeTopic({ userId }, topic, action) {
        asked.push([userId, topic, action])
        return topic === `${action}-${userId}`
      },
    })
    const api = new Api(own.url, await signed({ sub: 'ann', topics: ['*'] }))
    expect((await api.poll({ topics: 'subscribe-ann' })).status).toBe(200)
    expect((await api.poll({ topics: 'public:news' })).status).toBe(403)
    expect((await api.send({ type: 'a', topics: ['publish-ann'] })).status).toBe(201)
    expect((await api.send({ type: 'a', topics: ['publish-ben'] })).status).toBe(403)
    expect(asked).toEqual([
      ['ann', 'subscribe-ann', 'subscribe'],
      ['ann', 'public:news', 'subscribe'],
      ['ann', 'publish-ann', 'publish'],
      ['ann', 'publish-ben', 'publish'],
    ])
    await own.close()
  })
})
