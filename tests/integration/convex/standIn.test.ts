// The stand-in for Convex speaks what Convex's own clients understand.

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { ConvexClient, ConvexHttpClient } from 'convex/browser'
import { ConvexReactClient } from 'convex/react'
import WebSocket from 'ws'
import type { ConvexStandIn } from '../../support/ConvexStandIn.js'
import { type Order, orders, startShop } from '../../support/convex/shop/shop.js'
import { waitFor } from '../../support/waitFor.js'

const webSocketConstructor = WebSocket as unknown as typeof globalThis.WebSocket
const customers = (list: readonly Order[] | undefined) => list?.map(({ customer }) => customer)

let shop: ConvexStandIn
let http: ConvexHttpClient
const clients: { close(): Promise<void> }[] = []

beforeAll(async () => {
  shop = await startShop()
  http = new ConvexHttpClient(shop.url, { logger: false })
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
  await shop.t.run(async ({ db }) => {
    for (const { _id } of await db.query('orders').collect()) await db.delete(_id)
  })
})
afterAll(() => shop.goAway())

function open(): ConvexClient {
  const client = new ConvexClient(shop.url, { webSocketConstructor, logger: false })
  clients.push(client)
  return client
}

function follow(client: ConvexClient, args: { status?: string } = {}): Order[][] {
  const seen: Order[][] = []
  client.onUpdate(orders.list, args, (list) => seen.push(list))
  return seen
}

describe('over HTTP', () => {
  it('runs queries, mutations and actions', async () => {
    const order = await http.mutation(orders.create, { customer: 'ada', total: 3 })
    expect(order).toMatchObject({ customer: 'ada', status: 'open', total: 3 })
    await http.action(orders.createByAction, { customer: 'bob' })
    expect(customers(await http.query(orders.list, {}))).toEqual(['ada', 'bob'])
  })

  it('rolls a failed mutation back, and carries the data of its error', async () => {
    await expect(http.mutation(orders.create, { customer: 'nobody' })).rejects.toMatchObject({
      data: { code: 'no_customer' },
    })
    expect(await http.query(orders.count, {})).toBe(0)
  })

  it('does not run what is internal, or another kind of function', async () => {
    const order = await http.mutation(orders.create, { customer: 'ada' })
    await expect(http.mutation(orders.ship, { id: order._id })).rejects.toThrow('public function')
    await expect(http.query(orders.create as never)).rejects.toThrow('public function')
  })

  it('believes the claims of a token', async () => {
    const claims = Buffer.from(JSON.stringify({ sub: 'u_42' })).toString('base64url')
    const known = new ConvexHttpClient(shop.url, { auth: `e30.${claims}.x`, logger: false })
    expect(await known.query(orders.whoAmI, {})).toBe('u_42')
    expect(await http.query(orders.whoAmI, {})).toBeNull()
  })

  it('is away, junk, or runs and never says so, as asked', async () => {
    shop.httpFault = 'error'
    await expect(http.mutation(orders.create, { customer: 'a' })).rejects.toThrow('Unavailable')
    shop.httpFault = 'junk'
    await expect(http.mutation(orders.create, { customer: 'b' })).rejects.toThrow('JSON')
    shop.httpFault = 'lost'
    await expect(http.mutation(orders.create, { customer: 'c' })).rejects.toThrow()
    shop.httpFault = undefined
    expect(customers(await http.query(orders.list, {}))).toEqual(['c'])
  })
})

describe('on the sync socket', () => {
  it('sends each change of a subscribed query, and nothing for what did not change', async () => {
    const seen = follow(open(), { status: 'open' })
    await waitFor('the first result', () => seen.length === 1)
    const { _id: id } = await http.mutation(orders.create, { customer: 'ada' })
    await waitFor('the order', () => customers(seen.at(-1))?.includes('ada'))
    await http.mutation(orders.create, { customer: 'eve', status: 'closed' })
    await http.mutation(orders.setStatus, { id, status: 'closed' })
    await waitFor('no order', () => seen.at(-1)?.length === 0)
    expect(seen).toHaveLength(3)
  })

  it('sends what a scheduled function changed', async () => {
    const seen = follow(open(), { status: 'shipped' })
    const { _id: id } = await http.mutation(orders.create, { customer: 'ada' })
    await http.mutation(orders.shipSoon, { id })
    await waitFor('the shipped order', () => seen.at(-1)?.length === 1)
  })

  it('answers mutations and actions of its clients, who then see them in their queries', async () => {
    const client = open()
    const seen = follow(client)
    await client.mutation(orders.create, { customer: 'ada' })
    expect(customers(seen.at(-1))).toEqual(['ada'])
    await client.action(orders.createByAction, { customer: 'bob' })
    await waitFor('both', () => seen.at(-1)?.length === 2)
    await expect(client.mutation(orders.create, { customer: 'nobody' })).rejects.toMatchObject({
      data: { code: 'no_customer' },
    })
  })

  it('tells an error of a query, and the result when it works again', async () => {
    const told: unknown[] = []
    open().onUpdate(
      orders.fragile,
      {},
      (list) => told.push(list.length),
      (error) => told.push(error.message),
    )
    const order = await http.mutation(orders.create, { customer: 'broken' })
    await waitFor('the error', () => String(told.at(-1)).includes('a broken order'))
    await http.mutation(orders.remove, { id: order._id })
    await waitFor('the result', () => told.at(-1) === 0)
  })

  it('believes the claims of a token there, too', async () => {
    const claims = { sub: 'u_7', iat: 1, exp: 4_000_000_000 }
    const payload = Buffer.from(JSON.stringify(claims)).toString('base64url')
    const client = open()
    client.setAuth(async () => `e30.${payload}.x`)
    const seen: unknown[] = []
    client.onUpdate(orders.whoAmI, {}, (name) => seen.push(name))
    await waitFor('the name', () => seen.at(-1) === 'u_7')
  })

  it('goes on after it was away, with what changed meanwhile', async () => {
    const seen = follow(open())
    await waitFor('the first result', () => seen.length === 1)
    await shop.goAway()
    await shop.t.mutation(orders.create, { customer: 'meanwhile' })
    await shop.comeBack()
    await waitFor('what changed', () => customers(seen.at(-1))?.includes('meanwhile'))
  })

  it('runs a mutation once that a client sends again after a lost connection', async () => {
    const client = open()
    const seen = follow(client)
    await waitFor('the first result', () => seen.length === 1)
    shop.isMute = true
    const done = client.mutation(orders.create, { customer: 'ada' })
    await waitFor('the order', async () => (await http.query(orders.count, {})) === 1)
    shop.isMute = false
    await done
    expect(await http.query(orders.count, {})).toBe(1)
  })

  it('serves the client of React', async () => {
    const client = new ConvexReactClient(shop.url, { webSocketConstructor, logger: false })
    clients.push(client)
    const watch = client.watchQuery(orders.list, {})
    watch.onUpdate(() => {})
    await client.mutation(orders.create, { customer: 'ada' })
    expect(customers(watch.localQueryResult())).toEqual(['ada'])
  })
})
