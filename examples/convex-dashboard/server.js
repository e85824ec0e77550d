// Syncline, and the page. The orders themselves, and what publishes them, are in `convex/`.

import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import express from 'express'
import { createSyncServer } from 'syncline'

/** What Convex says who it is with. In earnest from the environment, and not for reading. */
const SECRET = process.env.SYNCLINE_TOKEN ?? 'a-secret-of-this-example'
const DAY_MS = 24 * 60 * 60 * 1000

/** Who has which token: in earnest your sessions, or JWTs that you verify. */
const users = new Map(
  ['ann', 'ben'].map((userId) => [
    `${userId}-token`,
    { userId, topics: { subscribe: ['convex.orders'] } },
  ]),
)

const app = express()
const server = createServer(app)
const sync = await createSyncServer({
  authenticate: ({ token = '' }) => users.get(token),
  serviceTokens: [{ name: 'convex', secret: SECRET }],
  // For as long as the component may try to deliver a message, so that none comes twice.
  idempotencyTtlMs: DAY_MS,
  logLevel: 'warn',
  ...(process.env.ALLOWED_HOSTS && { allowedHosts: process.env.ALLOWED_HOSTS.split(',') }),
})
sync.attach({ app, server })

/** @type {string | undefined} */
let convexUrl = process.env.CONVEX_URL
app.get('/convex-url', (_req, res) => void res.json(convexUrl))
app.use(express.static(fileURLToPath(new URL('dist', import.meta.url))))

// Not app.listen, which would make another server, without WebSockets.
server.listen(Number(process.env.PORT ?? 3000), 'localhost', async () => {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  if (convexUrl === undefined) {
    const { startOffline } = await import('./offline.js')
    convexUrl = await startOffline({
      SYNCLINE_URL: `http://localhost:${port}`,
      SYNCLINE_TOKEN: SECRET,
    })
    console.log('No CONVEX_URL: a stand-in on this machine keeps the orders, while it runs.')
  }
  console.log(`Shop at http://localhost:${port}`)
})

// Tells the pages when to come back, so that they don't come all at once.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await sync.close()
    process.exit()
  })
}
