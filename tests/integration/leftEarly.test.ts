// A client that is gone before the server knows who it is must leave nothing behind: no
// connection that messages are counted for, and no place taken under a limit.

import { request } from 'node:http'
import { afterEach, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { type GuestServer, startGuestServer } from '../support/guestServer.js'
import { waitFor } from '../support/waitFor.js'

let guest: GuestServer | undefined
afterEach(async () => {
  await guest?.close()
  guest = undefined
})

it.each(['/api/sync/stream', '/api/sync/poll?since=now&wait=20'])(
  'a client of %s that leaves while its token is checked is not counted',
  async (path) => {
    let identify: (() => void) | undefined
    guest = await startGuestServer({
      maxConnections: 1,
      authenticate: async ({ token }) => {
        if (token === undefined) {
          await new Promise<void>((resolve) => {
            identify = resolve
          })
        }
        return { userId: 'ann', roles: ['admin'] }
      },
    })
    const { sync, sockets, url } = guest
    const outgoing = request(`${url}${path}`, { agent: false })
    outgoing.on('error', () => {})
    outgoing.end()
    await waitFor('the token to be looked at', () => identify)
    outgoing.destroy()
    await waitFor('the host to see it leave', () => sockets.size === 0)
    identify?.()

    // A request that came later was answered: what was done with the one before it is done.
    const status = await new Api(url, 'any').status()
    expect(status.body.connections).toMatchObject({ total: 0 })
    expect((await sync.publish({ type: 'test', userId: 'ann' })).recipients).toBe(0)
    const poll = await new Api(url, 'any').poll()
    expect(poll).toMatchObject({ status: 200, body: { count: 1 } })
  },
)
