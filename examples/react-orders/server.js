// The server of the shop: the orders, which are the truth, and the page. Syncline tells the pages
// of each change; what the orders are, they ask here.

import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import express from 'express'
import { createSyncServer } from 'syncline'

/** @import { Order, OrderStatus } from './src/orders.js' */

/** @type {OrderStatus[]} */
const STATUSES = ['new', 'in work', 'ready']
const MAX_ITEM_LENGTH = 80

/** Who has which token: in earnest your sessions, or JWTs that you verify. */
const users = new Map(
  ['ann', 'ben'].map((userId) => [
    `${userId}-token`,
    { userId, topics: { subscribe: ['orders'] } },
  ]),
)

/** @type {Order[]} In earnest your database. */
const orders = []

const app = express()
const server = createServer(app)
const sync = await createSyncServer({
  authenticate: ({ token = '' }) => users.get(token),
  logLevel: 'warn',
})
sync.attach({ app, server })

app.use('/orders', express.json(), (req, res, next) => {
  const token = req.get('Authorization')?.replace('Bearer ', '') ?? ''
  res.locals.userId = users.get(token)?.userId
  if (res.locals.userId === undefined) res.sendStatus(401)
  else next()
})

app.get('/orders', (_req, res) => {
  res.json(orders)
})

// First the change, then the message: who fetches because of the message finds the change.
app.post('/orders', async (req, res) => {
  const { item } = req.body ?? {}
  if (typeof item !== 'string' || item === '' || item.length > MAX_ITEM_LENGTH) {
    return res.status(400).json({ error: `item: 1–${MAX_ITEM_LENGTH} characters` })
  }
  const { userId } = res.locals
  /** @type {Order} */
  const order = { id: randomUUID(), item, status: 'new', orderedBy: userId, version: 1 }
  orders.push(order)
  await sync.publish({ type: 'order.created', payload: order, topics: ['orders'] })
  return res.status(201).json(order)
})

app.patch('/orders/:id', async (req, res) => {
  const index = orders.findIndex(({ id }) => id === req.params.id)
  const order = orders[index]
  const { status } = req.body ?? {}
  if (order === undefined) return res.status(404).json({ error: 'there is no such order' })
  if (!STATUSES.includes(status)) {
    return res.status(400).json({ error: `status: one of ${STATUSES.join(', ')}` })
  }
  const changed = { ...order, status, version: order.version + 1 }
  orders[index] = changed
  await sync.publish({ type: 'order.status.changed', payload: changed, topics: ['orders'] })
  if (status === 'ready') {
    const notification = { title: 'Ready', message: `${order.item}, for you` }
    await sync.sync.publishNotification(notification, order.orderedBy)
  }
  return res.json(changed)
})

app.use(express.static(fileURLToPath(new URL('dist', import.meta.url))))

// Not app.listen, which would make another server, without WebSockets.
server.listen(Number(process.env.PORT ?? 3000), 'localhost', () => {
  const address = server.address()
  if (typeof address === 'object') console.log(`Orders at http://localhost:${address?.port}`)
})

// Tells the pages when to come back, so that they don't come all at once.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await sync.close()
    server.close()
    server.closeAllConnections()
  })
}
