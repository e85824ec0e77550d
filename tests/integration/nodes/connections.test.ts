// Caps on the sockets and streams of a user and of an address hold over all nodes; a held poll is
// counted where it is held.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { SyncServerOptions } from '../../../server/createSyncServer.js'
import { Api } from '../../support/Api.js'
import { askIn, knockAtSocket } from '../../support/doors.js'
import { closeOpenClients } from '../../support/openClients.js'
import { RedisServer } from '../../support/RedisServer.js'
import { SocketClient } from '../../support/SocketClient.js'
import { StreamClient } from '../../support/StreamClient.js'
import { waitFor } from '../../support/waitFor.js'
import { Nodes, type TestNode } from './Nodes.js'

let redis: RedisServer
let nodes: Nodes

beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis.stop())
beforeEach(() => {
  nodes = new Nodes(redis)
})
afterEach(async () => {
  await closeOpenClients()
  await nodes.close()
})

const start = async (options: SyncServerOptions) =>
  (await nodes.startSeveral(2, options)) as [TestNode, TestNode]
const socketAt = ({ url }: TestNode, user = 'ann') =>
  SocketClient.connect(url, { token: `dev:${user}` })
const streamAt = async ({ url }: TestNode, user = 'ann') => {
  const stream = await StreamClient.open(url, { token: `dev:${user}` })
  await stream.next('connected')
  return stream
}
const OVER = { status: 503, body: { error: { code: 'unavailable' } } }
const isFullAt = async ({ url }: TestNode, user = 'ann') => {
  expect(await knockAtSocket(url, { token: `dev:${user}` })).toBe(1013)
  const stream = await new Api(url, `dev:${user}`).request('GET', '/api/sync/stream')
  expect(stream).toMatchObject(OVER)
  expect(Number(stream.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
}

describe('over two nodes', () => {
  it('a user has as many sockets and streams as the cap says, and a place for each that leaves', async () => {
    const [a, b] = await start({ maxConnectionsPerUser: 3 })
    const [socket, stream] = [await socketAt(a), await streamAt(b), await socketAt(b)]
    for (const node of [a, b]) await isFullAt(node)
    expect(await knockAtSocket(a.url, { token: 'dev:bob' })).toBe(101)
    await socket.close()
    await waitFor('its place', async () => {
      return (await knockAtSocket(b.url, { token: 'dev:ann' })) === 101
    })
    stream.close()
    await waitFor('its place', async () => {
      return (await knockAtSocket(a.url, { token: 'dev:ann' })) === 101
    })
  })

  it('never more of twenty that come to both at once', async () => {
    const both = await start({ maxConnectionsPerUser: 7 })
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const socket = new SocketClient(both[index % 2]!.url)
        await socket.opened()
        return askIn(socket, { token: 'dev:ann' })
      }),
    )
    expect(answers.filter((answer) => answer === 101)).toHaveLength(7)
  })

  it('an address has as many, whoever they are', async () => {
    const [a, b] = await start({ maxConnectionsPerAddress: 4 })
    const kept = [await socketAt(a, 'u1'), await streamAt(b, 'u2'), await streamAt(a, 'u3')]
    kept.push(await socketAt(b, 'u4'))
    for (const node of [a, b]) await isFullAt(node, 'u5')
  })

  it('held polls are counted by the node that holds them', async () => {
    const [a, b] = await start({ maxConnectionsPerUser: 1 })
    await socketAt(a)
    const controller = new AbortController()
    const poll = new Api(b.url, 'dev:ann').poll({ since: 'now', wait: 25 }, controller.signal)
    const held = () => (b.server.stats() as { connections: { longPoll: number } }).connections
    await waitFor('it to be held', () => held().longPoll === 1)
    expect(await new Api(a.url, 'dev:ann').poll({ since: 'now', wait: 25 })).toMatchObject(OVER)
    controller.abort()
    await poll.catch(() => {})
  })
})

it('a node that vanished gives its places back, and counts them again when it is there', async () => {
  const [a, b] = await start({ maxConnectionsPerUser: 2 })
  await socketAt(a)
  await streamAt(a)
  await isFullAt(b)
  a.link.set({ isDead: true })
  const socket = await waitFor(
    'places to be free',
    async () => {
      const candidate = new SocketClient(b.url)
      await candidate.opened()
      return (await askIn(candidate, { token: 'dev:ann' })) === 101 ? candidate : undefined
    },
    15_000,
  )
  a.link.heal()
  await socket.close()
  // The two of the node that is back are all there may be.
  await waitFor('them to count again', async () => {
    return (await knockAtSocket(b.url, { token: 'dev:ann' })) === 1013
  })
})
