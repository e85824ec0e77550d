// One client over each transport, against a real server: the same messages in the same order, and
// the way from one transport to another.

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { ConnectionManager } from '../../../client/connection/ConnectionManager.js'
import { Api } from '../../support/Api.js'
import { FaultProxy } from '../../support/FaultProxy.js'
import { Follower, requireNoGap, TRANSPORTS } from '../../support/Follower.js'
import { NumberedPublisher } from '../../support/NumberedPublisher.js'
import { closeOpenClients } from '../../support/openClients.js'
import { startTestServer, type TestServer } from '../../support/testServer.js'
import { waitFor } from '../../support/waitFor.js'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterEach(closeOpenClients)
afterAll(() => server.close())

describe.each(TRANSPORTS)('over %s', (name) => {
  it('hears what is published, also to itself and to topics added later', async () => {
    const follower = await Follower.start({
      baseUrl: server.url,
      transports: [name],
      topics: ['t'],
    })
    expect(follower.snapshot.transport).toBe(name)
    const api = new Api(server.url)
    await api.broadcast({ type: 'a', payload: 1, topics: ['t'] })
    const sent = await follower.manager.send({ type: 'b', payload: 2 })
    expect(sent).toMatchObject({ duplicate: false })
    await follower.until('two messages', () => follower.messages.length === 2)
    expect(follower.messages[1]?.id).toBe(sent.messageId)
    follower.manager.subscribe(['u'])
    await api.broadcast({ type: 'a', payload: 3, topics: ['u'] })
    await follower.until('the third', () => follower.messages.length === 3)
    expect(follower.payloads).toEqual([1, 2, 3])
  })

  it('is told of a forced resync once, and misses nothing around it', async () => {
    const follower = await Follower.start({ baseUrl: server.url, transports: [name] })
    const api = new Api(server.url)
    await api.broadcast({ type: 'a', payload: 'before' })
    await api.force({ everyone: true })
    await api.broadcast({ type: 'a', payload: 'after' })
    await follower.until('both messages', () => follower.messages.length === 2)
    follower.manager.reconnect()
    await api.broadcast({ type: 'a', payload: 'last' })
    await follower.until('the last message', () => follower.messages.length === 3)
    expect(follower.resyncs).toEqual(['forced'])
    expect(follower.payloads).toEqual(['before', 'after', 'last'])
  })

  it('reads on from its cursor after a pause, and from a cursor of another client', async () => {
    const follower = await Follower.start({ baseUrl: server.url, transports: [name] })
    const api = new Api(server.url)
    await api.broadcast({ type: 'a', payload: 1 })
    await follower.until('the first', () => follower.messages.length === 1)
    follower.manager.disconnect()
    await api.broadcast({ type: 'a', payload: 2 })
    const { cursor } = follower.manager
    if (cursor === undefined) throw new Error('there is no cursor')
    follower.manager.connect()
    await follower.until('the second', () => follower.messages.length === 2)
    const other = await Follower.start({ baseUrl: server.url, transports: [name], since: cursor })
    await other.until('the second', () => other.messages.length === 1)
    expect(follower.payloads).toEqual([1, 2])
    expect(other.payloads).toEqual([2])
    expect([...follower.resyncs, ...other.resyncs]).toEqual([])
  })
})

it('takes the WebSocket where there is one, and streams where there is none', async () => {
  const follower = await Follower.start({ baseUrl: server.url })
  expect(follower.snapshot.transport).toBe('websocket')
  // As in Node 20, which has none of its own.
  const manager = new ConnectionManager({ baseUrl: server.url }, { WebSocket: undefined })
  manager.connect()
  await waitFor('a connection', () => manager.getSnapshot().isConnected)
  expect(manager.getSnapshot().transport).toBe('sse')
  manager.disconnect()
})

it('goes down to streams and back up to the WebSocket without a gap or a repeat', async () => {
  const proxy = await FaultProxy.start(Number(new URL(server.url).port), {
    fault: { kind: 'blocksWebSocket' },
  })
  const publisher = new NumberedPublisher(server.server)
  try {
    const follower = await Follower.start({ baseUrl: proxy.url })
    publisher.start()
    expect(follower.snapshot.transport).toBe('sse')
    proxy.lift()
    await follower.until('WebSocket', () => follower.snapshot.transport === 'websocket', 20_000)
    const { length } = follower.numbers()
    await follower.until('more messages', () => follower.numbers().length > length + 20)
    await publisher.stop()
    await follower.until('all', () => follower.numbers().at(-1) === publisher.count - 1)
    requireNoGap(follower.numbers())
    expect(follower.resyncs).toEqual([])
  } finally {
    await publisher.stop()
    await closeOpenClients()
    await proxy.close()
  }
})
