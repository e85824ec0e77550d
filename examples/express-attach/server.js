// The smallest Express app with Syncline attached: it knows its users, and a route of its own
// publishes what it has changed.

import { createServer } from 'node:http'
import express from 'express'
import { createSyncServer } from 'syncline'

/** Who has which token: in earnest your sessions, or JWTs that you verify. */
const users = new Map([
  ['ann-token', { userId: 'ann', topics: { subscribe: ['orders'] } }],
  ['ben-token', { userId: 'ben', topics: { subscribe: ['orders'] } }],
])

const app = express()
const server = createServer(app)
const sync = await createSyncServer({
  authenticate: ({ token = '' }) => users.get(token),
  logLevel: 'warn',
})
sync.attach({ app, server })

let lastId = 0

app.post('/orders', express.json(), async (req, res) => {
  const user = users.get(req.get('Authorization')?.replace('Bearer ', '') ?? '')
  if (user === undefined) return res.sendStatus(401)
  lastId += 1
  const order = { id: lastId, item: String(req.body?.item ?? 'something'), by: user.userId }
  await sync.publish({ type: 'order.created', payload: order, topics: ['orders'] })
  return res.status(201).json(order)
})

// Not app.listen, which would make another server, without WebSockets.
server.listen(process.env.PORT ?? 3000, 'localhost', () => {
  const url = `http://localhost:${server.address().port}`
  console.log(`Running at ${url}. In one terminal, follow the orders as ben:

  curl -N '${url}/api/sync/stream?topics=orders' -H 'Authorization: Bearer ben-token'

In another, order something as ann:

  curl ${url}/orders -H 'Authorization: Bearer ann-token' -H 'Content-Type: application/json' -d '{"item":"tea"}'
`)
})
