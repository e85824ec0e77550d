// A client that is gone before the server knows who it is must leave nothing behind: no
// connection that messages are counted for, and no place taken under a limit.

import { request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, it } from '@jest/globals'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { waitFor } from '../support/waitFor.js'

let server: TestServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

it.each(['/api/sync/stream', '/api/sync/poll?since=now&wait=20'])(
  'a client of %s that leaves while its token is checked is not counted',
  async (path) => {
    let identify: (() => void) | undefined
    let isAsked = false
    server = await startTestServer({
      authenticate: async () => {
        isAsked = true
        await new Promise<void>((resolve) => {
          identify = resolve
        })
        return { userId: 'ann' }
      },
    })
    const outgoing = request(`${server.url}${path}`, { agent: false })
    outgoing.on('error', () => {})
    outgoing.end()
    await waitFor('the token to be looked at', () => isAsked)
    const isClosed = new Promise((resolve) => outgoing.on('close', resolve))
    outgoing.destroy()
    await isClosed
    // The server's end of the socket hears of it in its own time.
    await delay(100)
    identify?.()
    // Nothing can be seen of a request that is dropped; a few turns are all that it needs.
    await delay(50)

    const reached = await server.server.publish({ type: 'test', userId: 'ann' })
    expect(reached.recipients).toBe(0)
    expect(server.server.stats()).toMatchObject({ connections: { total: 0 } })
  },
)
