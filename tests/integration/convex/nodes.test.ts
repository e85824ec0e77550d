// Several nodes on one Redis watch the same query: one of them does, and each change is published once,
// whoever dies.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { WatchStatus } from '../../../server/services/ConvexRealtimeIntegration.js'
import { Api } from '../../support/Api.js'
import type { ConvexStandIn } from '../../support/ConvexStandIn.js'
import { type Order, orders, startShop } from '../../support/convex/shop/shop.js'
import { closeOpenClients } from '../../support/openClients.js'
import { RedisServer } from '../../support/RedisServer.js'
import { SocketClient } from '../../support/SocketClient.js'
import { type ServerProcess, spawnServer, startServerProcess } from '../../support/serverProcess.js'
import { waitFor } from '../../support/waitFor.js'

const folder = mkdtempSync(join(tmpdir(), 'watches-'))
const file = join(folder, 'watches.json')
let redis: RedisServer
let shop: ConvexStandIn
let nodes: ServerProcess[] = []
beforeAll(async () => {
  writeFileSync(file, JSON.stringify({ watches: [{ name: 'orders', query: 'orders:list' }] }))
  redis = await RedisServer.start()
  shop = await startShop()
})
afterEach(async () => {
  await closeOpenClients()
  await Promise.all(nodes.map((node) => node.kill()))
  nodes = []
  await redis.command('FLUSHALL')
})
afterAll(async () => {
  await shop.goAway()
  await redis.stop()
  rmSync(folder, { recursive: true })
})

async function start(count: number, env: Record<string, string> = {}): Promise<void> {
  const convex = { CONVEX_URL: shop.url, CONVEX_WATCH_FILE: file }
  const started = Array.from({ length: count }, () =>
    startServerProcess({ ...convex, REDIS_URL: redis.url, ...env }),
  )
  nodes = await Promise.all(started)
}

const create = (customer: string): Promise<Order> => shop.t.mutation(orders.create, { customer })

async function watchAt({ url }: ServerProcess): Promise<WatchStatus> {
  const { body } = await new Api(url).status()
  return body.convex.watches[0]
}

/** The node that watches and is up to date, once there is one. */
function watcher(withinMs?: number): Promise<ServerProcess> {
  return waitFor(
    'a node that watches',
    async () => {
      const statuses = await Promise.all(nodes.map(watchAt))
      const watching = statuses.flatMap(({ state, behindMs }, index) =>
        state === 'watching' && behindMs === 0 ? [nodes[index] as ServerProcess] : [],
      )
      const standby = statuses.filter(({ state }) => state === 'standby')
      return standby.length === nodes.length - 1 ? watching[0] : undefined
    },
    withinMs,
  )
}

const follow = ({ url }: ServerProcess) => SocketClient.connect(url, { topics: ['convex.orders'] })

const changesOf = (client: SocketClient) => client.messages.map(({ payload }) => payload.changes)
const added = (...list: Order[]) => ({ added: list, changed: [], removed: [] })

describe('of several nodes', () => {
  it('one watches; another follows when it is killed, with what has changed meanwhile, once', async () => {
    await start(2)
    const first = await watcher()
    const second = nodes.find((node) => node !== first) as ServerProcess
    const client = await follow(second)
    const ada = await create('ada')
    await waitFor('the first change', () => client.messages.length === 1)
    await first.kill()
    const killedAt = performance.now()
    nodes = [second]
    const bob = await create('bob')
    await waitFor('the second change', () => client.messages.length === 2, 20_000)
    const eve = await create('eve')
    await waitFor('the third change', () => client.messages.length === 3)
    expect(changesOf(client)).toEqual([added(ada), added(bob), added(eve)])
    expect(client.frames.all.map(({ op }) => op)).not.toContain('resync')
    // Some seconds; more only where this machine is busy.
    expect(performance.now() - killedAt).toBeLessThan(15_000)
    expect(shop.sockets).toBe(1)
  })

  it('another follows when it is stopped, and nothing is published for that', async () => {
    await start(2)
    const first = await watcher()
    const second = nodes.find((node) => node !== first) as ServerProcess
    const client = await follow(second)
    first.child.kill('SIGTERM')
    await first.exited
    nodes = [second]
    await watcher()
    const ada = await create('ada')
    await waitFor('the change', () => client.messages.length === 1)
    expect(changesOf(client)).toEqual([added(ada)])
  })
})

describe('while Redis is away', () => {
  it('a change waits, and is published once when it is back', async () => {
    await start(1)
    const node = await watcher()
    const client = await follow(node)
    redis.freeze()
    const ada = await create('ada')
    await waitFor('it to be behind', async () => ((await watchAt(node)).behindMs ?? 0) > 1000)
    redis.thaw()
    await waitFor('the change', () => client.messages.length === 1, 20_000)
    await watcher(20_000)
    const bob = await create('bob')
    await waitFor('the next change', () => client.messages.length === 2)
    expect(changesOf(client)).toEqual([added(ada), added(bob)])
  })
})

it('does not start where the file of watched queries can’t be read, and says so', async () => {
  const path = join(folder, 'nowhere.json')
  const server = spawnServer({ PORT: '0', CONVEX_URL: shop.url, CONVEX_WATCH_FILE: path })
  expect(await server.exited).toBe(1)
  expect(server.output()).toContain(`CONVEX_WATCH_FILE ${path} can't be read`)
})
