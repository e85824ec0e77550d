// What one user may publish, and how often an address may fail, is one limit for all nodes.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { Api } from '../../support/Api.js'
import { closeOpenClients } from '../../support/openClients.js'
import { RedisServer } from '../../support/RedisServer.js'
import { SocketClient } from '../../support/SocketClient.js'
import { waitFor } from '../../support/waitFor.js'
import { Nodes, type TestNode } from './Nodes.js'

const LIMIT = 30
const MESSAGE = { type: 'a', payload: 1 }

let redis: RedisServer
let nodes: Nodes
let both: TestNode[]

beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis.stop())
beforeEach(async () => {
  nodes = new Nodes(redis)
  both = await nodes.startSeveral(2, { rateLimitMax: LIMIT, rateLimitAdminMax: 0 })
})
afterEach(async () => {
  await closeOpenClients()
  await nodes.close()
})

const apis = (token: string) => both.map(({ url }) => new Api(url, token))
const times = <Value>(count: number, act: (index: number) => Promise<Value>) =>
  Promise.all(Array.from({ length: count }, (_, index) => act(index)))
const countOf = (statuses: readonly number[], status: number) =>
  statuses.filter((each) => each === status).length

describe('two nodes', () => {
  it('take as many messages of a user as the limit says, exactly, over HTTP and sockets', async () => {
    const sockets = await Promise.all(
      both.map(({ url }) => SocketClient.connect(url, { token: 'dev:ann' })),
    )
    const [answers, frames] = await Promise.all([
      times(40, async (index) => (await apis('dev:ann')[index % 2]!.send(MESSAGE)).status),
      times(40, (index) => sockets[index % 2]!.ask({ op: 'send', message: MESSAGE })),
    ])
    const sent = frames.filter(({ op }) => op === 'ok').length
    expect(countOf(answers, 201) + sent).toBe(LIMIT)
    expect(countOf(answers, 429)).toBe(40 - countOf(answers, 201))
    const refused = frames.filter(({ code }) => code === 'rate_limited')
    expect(refused).toHaveLength(40 - sent)
    expect((await new Api(both[0]!.url).poll({ limit: 1000 })).body.count).toBe(0)
    expect((await apis('dev:ann')[0]!.poll({ limit: 1000 })).body.count).toBe(LIMIT)
    expect((await apis('dev:bob')[1]!.send(MESSAGE)).status).toBe(201)
  })

  it('refuses what doesn’t fit as a whole, and says what the other node left', async () => {
    const [a, b] = apis('dev:ann') as [Api, Api]
    expect((await a.send({ messages: Array(20).fill(MESSAGE) })).status).toBe(201)
    const over = await b.send({ messages: Array(11).fill(MESSAGE) })
    expect(over.status).toBe(429)
    expect(over.body.error.message).toContain('leaves 9 for now')
    const left = await a.send({ messages: Array(9).fill(MESSAGE) })
    expect(left.status).toBe(201)
    expect(left.headers.get('ratelimit')).toMatch(/^"publishing"; r=0; t=\d+$/)
    expect((await b.send(MESSAGE)).status).toBe(429)
  })

  it('count the wrong tokens of an address together', async () => {
    const statuses = await times(
      50,
      async (index) => (await apis('wrong')[index % 2]!.poll()).status,
    )
    expect([countOf(statuses, 401), countOf(statuses, 429)]).toEqual([LIMIT, 20])
    for (const api of apis('dev:ann')) expect((await api.poll()).status).toBe(200)
  })
})

it('what one socket sends is published in its order, though its budget is asked elsewhere', async () => {
  const [a, b] = both as [TestNode, TestNode]
  const socket = await SocketClient.connect(a.url, { token: 'dev:root:admin' })
  const reader = await SocketClient.connect(b.url, { token: 'dev:ann' })
  const limited = await SocketClient.connect(a.url, { token: 'dev:ann' })
  for (let n = 0; n < 200; n += 1) {
    socket.send({ op: 'send', message: { type: 'a', payload: n, userId: 'ann' } })
    if (n % 10 === 0) limited.send({ op: 'send', message: { type: 'b', payload: n } })
  }
  await waitFor('all', () => reader.messages.length === 220)
  for (const type of ['a', 'b']) {
    const came = reader.messages.filter((message) => message.type === type)
    const payloads = came.map(({ payload }) => payload)
    expect(payloads).toEqual(payloads.toSorted((one, other) => one - other))
  }
})

it('who may publish without a limit does not overtake what he sent when he had one', async () => {
  const [a] = both as [TestNode, TestNode]
  const socket = await SocketClient.connect(a.url, { token: 'dev:ann' })
  for (let n = 0; n < 10; n += 1) socket.send({ op: 'send', message: { ...MESSAGE, payload: n } })
  await socket.ask({ op: 'refresh', token: 'dev:ann:admin' })
  for (let n = 10; n < 20; n += 1) socket.send({ op: 'send', message: { ...MESSAGE, payload: n } })
  await waitFor('all', () => socket.messages.length === 20)
  expect(socket.messages.map(({ payload }) => payload)).toEqual([...Array(20).keys()])
})
