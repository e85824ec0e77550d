// Each change of a watched query becomes a message, once, whatever happens to the way to Convex.

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { SyncServerOptions } from '../../../server/createSyncServer.js'
import type {
  QueryUpdate,
  WatchStatus,
} from '../../../server/services/ConvexRealtimeIntegration.js'
import { ConvexRealtimeIntegration } from '../../../server/services/ConvexRealtimeIntegration.js'
import type { ConvexStandIn } from '../../support/ConvexStandIn.js'
import { type Order, orders, startShop } from '../../support/convex/shop/shop.js'
import { closeOpenClients } from '../../support/openClients.js'
import { SocketClient } from '../../support/SocketClient.js'
import { startTestServer, type TestServer } from '../../support/testServer.js'
import { waitFor } from '../../support/waitFor.js'

let shop: ConvexStandIn
let server: TestServer
beforeAll(async () => {
  shop = await startShop()
})
afterEach(async () => {
  await closeOpenClients()
  await server.close()
  await shop.t.run(async ({ db }) => {
    for (const { _id } of await db.query('orders').collect()) await db.delete(_id)
  })
})
afterAll(() => shop.goAway())

const create = (customer: string, status = 'open'): Promise<Order> =>
  shop.t.mutation(orders.create, { customer, status })
const setStatus = (id: string, status: string) => shop.t.mutation(orders.setStatus, { id, status })

type Watches = (convex: ConvexRealtimeIntegration) => unknown

const asSections: Watches = (convex) => convex.watch(orders.list, {}, { section: 'orders' })

/** A server that watches, and a client that was connected before there was a first result. */
async function start(watches: Watches = asSections, options: SyncServerOptions = {}) {
  const convex = new ConvexRealtimeIntegration({ url: shop.url })
  watches(convex)
  server = await startTestServer({ convex, ...options })
  await waitFor('the first results', () => statuses().every(({ state }) => state === 'watching'))
  const topics = ['convex.orders', 'convex.count']
  return SocketClient.connect(server.url, { topics })
}

const status = () => server.server.stats() as { convex: { watches: WatchStatus[] } }
const statuses = () => status().convex.watches
const theStatus = () => statuses()[0] as WatchStatus
const isUpToDate = () =>
  waitFor('everything to be published', () => statuses().every(({ behindMs }) => behindMs === 0))

const nextPayload = async (client: SocketClient) => (await client.next('message')).message.payload

describe('a watched list of documents', () => {
  it('publishes what was added, changed and removed, by _id', async () => {
    const client = await start()
    const ada = await create('ada')
    const { message } = await client.next('message')
    expect(message).toMatchObject({
      type: 'data.updated',
      payload: { section: 'orders', changes: { added: [ada], changed: [], removed: [] } },
      topics: ['convex.orders'],
    })
    await setStatus(ada._id, 'paid')
    expect(await nextPayload(client)).toEqual({
      section: 'orders',
      changes: { added: [], changed: [{ ...ada, status: 'paid' }], removed: [] },
    })
    await shop.t.mutation(orders.remove, { id: ada._id })
    expect((await nextPayload(client)).changes).toEqual({
      added: [],
      changed: [],
      removed: [ada._id],
    })
  })

  it('publishes nothing where its result did not change', async () => {
    const client = await start((convex) => {
      convex.watch(orders.list, { status: 'open' }, { section: 'orders' })
    })
    await create('ada', 'closed')
    shop.dropSockets()
    await waitFor('the connection to be missed', () => theStatus().state === 'disconnected')
    await waitFor('it to be back', () => theStatus().state === 'watching')
    const bob = await create('bob')
    expect((await nextPayload(client)).changes.added).toEqual([bob])
    expect(client.messages).toHaveLength(1)
  })

  it('tells nobody of what was there before, but to resync who fetched before it was watched', async () => {
    await create('ada')
    await shop.goAway()
    const convex = new ConvexRealtimeIntegration({ url: shop.url })
    convex.watch(orders.list, {}, { section: 'orders' })
    server = await startTestServer({ convex })
    const [follower, other] = await Promise.all(
      ['convex.orders', 'elsewhere'].map((topic) =>
        SocketClient.connect(server.url, { topics: [topic] }),
      ),
    )
    expect(theStatus()).toMatchObject({ state: 'disconnected', published: 0 })
    await shop.comeBack()
    expect(await follower?.next('resync')).toMatchObject({ reason: 'forced' })
    await isUpToDate()
    expect(follower?.messages).toEqual([])
    expect(other?.frames.all.map(({ op }) => op)).not.toContain('resync')
  })
})

describe('any other watched result', () => {
  it('is published whole', async () => {
    const client = await start((convex) => convex.watch(orders.count, {}, { section: 'count' }))
    await create('ada')
    expect(await nextPayload(client)).toEqual({ section: 'count', data: 1 })
  })

  it('is published whole of a list, too, where that is asked for', async () => {
    const client = await start((convex) => {
      convex.watch(orders.list, {}, { section: 'orders', send: 'snapshot' })
    })
    const ada = await create('ada')
    expect(await nextPayload(client)).toEqual({ section: 'orders', data: [ada] })
  })

  it('becomes a resync where it is too large for a message', async () => {
    const client = await start(asSections, { maxPayloadBytes: 2000 })
    await create('x'.repeat(3000))
    await client.next('resync')
    const ada = await create('ada')
    expect((await nextPayload(client)).changes.added).toEqual([ada])
    expect(theStatus()).toMatchObject({ published: 1, resyncs: 2 })
  })
})

describe('messages of the host’s own making', () => {
  const toOwners = ({ changes }: QueryUpdate<Order[]>) =>
    (changes?.added ?? []).map(({ customer, _id }) => {
      if (customer === 'broken') throw new Error('no such customer')
      return { type: 'order.created', payload: { _id }, userId: customer }
    })

  it('go to whom they are for', async () => {
    await start((convex) => convex.watch(orders.list, {}, toOwners))
    const ada = await SocketClient.connect(server.url, { token: 'dev:ada' })
    const bob = await SocketClient.connect(server.url, { token: 'dev:bob' })
    const { _id } = await create('bob')
    expect((await bob.next('message')).message).toMatchObject({
      type: 'order.created',
      payload: { _id },
    })
    expect(ada.messages).toEqual([])
  })

  it('are lost where they can’t be made, and the next ones are not', async () => {
    await start((convex) => convex.watch(orders.list, {}, toOwners))
    const bob = await SocketClient.connect(server.url, { token: 'dev:bob' })
    await create('broken')
    await waitFor('the loss', () => theStatus().lost === 1)
    await create('bob')
    await bob.next('message')
  })

  it('become a resync for whom they are, where their payload can’t be carried', async () => {
    const deep = () => JSON.parse('['.repeat(40) + ']'.repeat(40))
    await start((convex) => {
      convex.watch(orders.list, {}, ({ changes }) =>
        (changes?.added ?? []).map(({ customer }) => ({
          type: 'deep',
          payload: deep(),
          userId: customer,
        })),
      )
    })
    const ada = await SocketClient.connect(server.url, { token: 'dev:ada' })
    const bob = await SocketClient.connect(server.url, { token: 'dev:bob' })
    await create('bob')
    expect(await bob.next('resync')).toMatchObject({ reason: 'forced' })
    expect(theStatus()).toMatchObject({ lost: 0, resyncs: 1 })
    expect(ada.frames.all.map(({ op }) => op)).toEqual(['connected'])
  })

  it('become a resync where they are more than a thousand', async () => {
    const client = await start((convex) => {
      convex.watch(orders.list, {}, ({ changes }) =>
        (changes?.added ?? []).flatMap(() =>
          Array(1001).fill({ type: 'many', topics: ['convex.orders'] }),
        ),
      )
    })
    await create('ada')
    expect(await client.next('resync')).toMatchObject({ reason: 'forced' })
    expect(client.messages).toEqual([])
  })

  it('are lost where they are promised, whatever becomes of the promise', async () => {
    await start((convex) => {
      const later = async () => {
        throw new Error('too late')
      }
      convex.watch(orders.list, {}, later as never)
    })
    await create('ada')
    await waitFor('the losses', () => theStatus().lost === 2)
  })

  it('are refused where their user is undefined, rather than sent to everyone', async () => {
    const client = await start((convex) => {
      const toNobody = () => ({ type: 'oops', userId: undefined as unknown as string })
      convex.watch(orders.list, {}, toNobody)
    })
    // Once for the first result, whose audience was asked for.
    await create('ada')
    await waitFor('the losses', () => theStatus().lost === 2)
    expect(client.frames.all.map(({ op }) => op)).toEqual(['connected'])
  })
})

describe('where the way to Convex', () => {
  it('is cut, it publishes once what has changed meanwhile, and says how far behind it is', async () => {
    const client = await start()
    const [ada, bob] = [await create('ada'), await create('bob')]
    await client.next('message')
    await isUpToDate()
    const before = client.messages.length
    await shop.goAway()
    await waitFor('it to be missed', () => theStatus().state === 'disconnected')
    await setStatus(ada._id, 'paid')
    await setStatus(ada._id, 'shipped')
    await shop.t.mutation(orders.remove, { id: bob._id })
    const behind = await waitFor('it to be behind', () => (theStatus().behindMs ?? 0) > 100)
    expect(behind).toBe(true)
    expect(theStatus().disconnectedMs).toBeGreaterThan(100)
    await shop.comeBack()
    await waitFor('what has changed', () => client.messages.length > before)
    await isUpToDate()
    expect(client.messages.slice(before).map(({ payload }) => payload.changes)).toEqual([
      { added: [], changed: [{ ...ada, status: 'shipped' }], removed: [bob._id] },
    ])
    expect(theStatus()).toMatchObject({ state: 'watching', behindMs: 0 })
  })

  it.each(['junk', 'a fatal error'])('brings %s, it goes on with another client', async (what) => {
    const client = await start()
    const connects = shop.connects
    if (what === 'junk') shop.sendJunk()
    else shop.sendFatalError()
    await waitFor('another client', () => shop.connects > connects)
    await isUpToDate()
    const ada = await create('ada')
    expect((await nextPayload(client)).changes.added).toEqual([ada])
  })

  it('flaps while a hundred mutations are made, each change counts once', async () => {
    const client = await start()
    const ids: string[] = []
    for (let n = 0; n < 100; n += 1) {
      if (n % 3 === 0) ids.push((await create(`c${n}`))._id)
      else if (n % 3 === 1) await setStatus(ids.at(-1) ?? '', `s${n}`)
      else if (n % 9 === 2) await shop.t.mutation(orders.remove, { id: ids.shift() ?? '' })
      if (n % 20 === 10) shop.dropSockets()
      if (n % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    }
    const known = new Map<string, Order>()
    const list = await shop.t.query(orders.list, {})
    const taken = new Set<string>()
    await waitFor('all changes', () => {
      for (const { id, payload } of client.messages) {
        if (taken.has(id)) continue
        taken.add(id)
        apply(known, payload.changes)
      }
      return JSON.stringify([...known.values()].sort(byId)) === JSON.stringify(list.sort(byId))
    })
    expect(client.frames.all.map(({ op }) => op)).not.toContain('resync')
  })
})

const byId = (a: Order, b: Order) => (a._id < b._id ? -1 : 1)

/** As a client does; what doesn't fit to what it knows was lost, repeated or out of order. */
function apply(
  known: Map<string, Order>,
  { added, changed, removed }: { added: Order[]; changed: Order[]; removed: string[] },
): void {
  for (const order of added) {
    if (known.has(order._id)) throw new Error('added twice')
    known.set(order._id, order)
  }
  for (const order of changed) {
    if (!known.has(order._id)) throw new Error('changed before it was added')
    known.set(order._id, order)
  }
  for (const id of removed) if (!known.delete(id)) throw new Error('removed before it was added')
}

describe('a query that fails', () => {
  it('is said in the status, and watched on', async () => {
    const client = await start((convex) => {
      convex.watch(orders.fragile, {}, { section: 'orders' }, { name: 'fragile' })
    })
    const broken = await create('broken')
    await waitFor('the failure', () => theStatus().state === 'failing')
    const ada = await create('ada')
    await shop.t.mutation(orders.remove, { id: broken._id })
    expect((await nextPayload(client)).changes.added).toEqual([ada])
    expect(theStatus()).toMatchObject({ name: 'fragile', query: 'orders:fragile', published: 1 })
    await isUpToDate()
  })
})

describe('a watch that signs in', () => {
  const tokenOf = (sub: string) => {
    const claims = JSON.stringify({ sub, iat: 1, exp: 4_000_000_000 })
    return `e30.${Buffer.from(claims).toString('base64url')}.x`
  }

  it('sees what its token may see, and takes being signed out for no change', async () => {
    let token: string | null = tokenOf('robot')
    const convex = new ConvexRealtimeIntegration({ url: shop.url, fetchToken: async () => token })
    convex.watch(orders.whoAmI, {}, ({ value }) => ({ type: 'who', payload: value }))
    server = await startTestServer({ convex })
    await waitFor('the first result', () => theStatus().state === 'watching')
    const client = await SocketClient.connect(server.url)
    token = null
    const { connects } = shop
    shop.refusesTokens = true
    shop.dropSockets()
    await waitFor('a few tries', () => shop.connects > connects + 2)
    expect(theStatus().state).toBe('disconnected')
    shop.refusesTokens = false
    token = tokenOf('other')
    expect((await client.next('message')).message.payload).toBe('other')
    expect(client.messages).toHaveLength(1)
  })

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('the identity provider is away')
      },
    ],
    ['returns no text', () => ({ token: 'junk' })],
  ])('survives a fetchToken that %s', async (_how, junk) => {
    let isBroken = true
    const fetchToken = async () => (isBroken ? (junk() as string) : tokenOf('robot'))
    const convex = new ConvexRealtimeIntegration({ url: shop.url, fetchToken })
    convex.watch(orders.whoAmI, {}, ({ value }) => ({ type: 'who', payload: value }))
    server = await startTestServer({ convex })
    await waitFor('it to be away', () => theStatus().state === 'disconnected')
    isBroken = false
    await waitFor('the first result', () => theStatus().state === 'watching')
  })
})

it('refuses arguments that are no values of Convex, and says whose', () => {
  const args = { since: { $integer: 'soon' } }
  const watch = { name: 'late', query: 'orders:list', args, send: 'changes' as const }
  expect(() => new ConvexRealtimeIntegration({ url: shop.url, watches: [watch] })).toThrow(
    /^watch late: args: must be values of Convex/,
  )
})

it('names two watches of a query by their arguments, and refuses the same twice', async () => {
  await start((convex) => {
    convex.watch(orders.list, {}, {})
    convex.watch(orders.list, { status: 'open' }, {})
    expect(() => convex.watch(orders.list, {}, {})).toThrow('two watches are called orders:list')
  })
  expect(statuses().map(({ name }) => name)).toEqual([
    'orders:list',
    expect.stringMatching(/^orders:list#\S{12}$/),
  ])
})

it('refuses arguments that Convex hasn’t, and keeps to those that were given', async () => {
  const args = { status: 'open' }
  await start((convex) => {
    const later = { status: new Date() as unknown as string }
    expect(() => convex.watch(orders.list, later, {}, { name: 'later' })).toThrow('Date')
    convex.watch(orders.list, args, { section: 'orders' }, { name: 'open' })
    args.status = 'sent'
  })
  expect(statuses().map(({ name }) => name)).toEqual(['open'])
  const client = await SocketClient.connect(server.url, { topics: ['convex.orders'] })
  await create('ada')
  expect(await nextPayload(client)).toMatchObject({ changes: { added: [{ customer: 'ada' }] } })
})

it('lets go of Convex when nothing is watched any more, and when the server stops', async () => {
  const convex = new ConvexRealtimeIntegration({ url: shop.url })
  server = await startTestServer({ convex })
  const watch = convex.watch(orders.list, {}, {})
  await waitFor('a socket', () => shop.subscriptions === 1)
  watch.stop()
  await waitFor('no socket', () => shop.sockets === 0)
  convex.watch(orders.list, {}, {})
  await waitFor('a socket', () => shop.subscriptions === 1)
  await server.close()
  await waitFor('no socket', () => shop.sockets === 0)
  const late = convex.watch(orders.list, { status: 'open' }, {})
  await new Promise(setImmediate)
  expect(late.status.state).toBe('standby')
})
