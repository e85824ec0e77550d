// Servers that are of no use: the client asks them seldom, claims no connection that there is not,
// and is back by itself once there is a real one in their place.

import { appendFileSync } from 'node:fs'
import { afterAll, expect, it } from '@jest/globals'
import { Api } from '../../support/Api.js'
import { Follower } from '../../support/Follower.js'
import { HOSTILE_NAMES, type HostileName, HostileServer } from '../../support/hostileServers.js'
import { closeOpenClients } from '../../support/openClients.js'
import { startTestServerAt } from '../../support/testServer.js'
import { waitFor } from '../../support/waitFor.js'

const WATCHED_MS = 6000
/** The breaker's own bound over that time: 4 and the one that is due, then one per 1.5 s. */
const MOST_OPENED = 5 + WATCHED_MS / 1500

/** Requests that one opened link may make before it is found out. */
const REQUESTS_PER_LINK: Partial<Record<HostileName, number>> = {
  'gives pages that lead nowhere': 2,
  'has always more, going round': 5,
  'holds no poll': 5,
}
/** What is no connection while these reign is one by the contract's rules. */
const DELIVERING: readonly HostileName[] = [
  'says connected and leaves',
  'repeats one message',
  'gives pages that lead nowhere',
  'has always more at the same cursor',
  'has always more, going round',
  'holds no poll',
]

afterAll(closeOpenClients)

function report(server: string, hostile: HostileServer): void {
  const { MEASURE, MEASURE_FILE } = process.env
  if (MEASURE !== '1' || MEASURE_FILE === undefined) return
  const attemptsPerSecond = hostile.attempts.length / (WATCHED_MS / 1000)
  const maxIn500ms = hostile.mostWithin(500)
  appendFileSync(MEASURE_FILE, `${JSON.stringify({ server, attemptsPerSecond, maxIn500ms })}\n`)
}

async function recovers(follower: Follower, port: number): Promise<void> {
  const real = await startTestServerAt(port)
  try {
    const connected = () => follower.snapshot.isConnected
    await follower.until('the real server to be found', connected, 40_000)
    const api = new Api(real.url)
    await follower.until('it to be followed', () => follower.snapshot.transport !== undefined)
    await waitFor(
      'a message of the real server',
      async () => {
        // A connection kept alive from the hostile server's days may end under the first request.
        await api.broadcast({ type: 'real' }).catch(() => undefined)
        return follower.messages.some(({ type }) => type === 'real')
      },
      20_000,
    )
  } finally {
    follower.manager.disconnect()
    await real.close()
  }
}

it.concurrent.each(HOSTILE_NAMES)(
  'survives a server that %s, and finds the real one after it',
  async (name) => {
    const hostile = await HostileServer.start(name)
    const { port } = hostile
    const follower = new Follower({ baseUrl: `http://127.0.0.1:${port}`, pollingInterval: 5000 })
    try {
      const startedAt = performance.now()
      follower.manager.connect()
      await waitFor('time to pass', () => performance.now() - startedAt > WATCHED_MS)
      report(name, hostile)
      expect(hostile.attempts.length).toBeGreaterThan(0)
      expect(hostile.mostWithin(500)).toBeLessThanOrEqual(5)
      const most = MOST_OPENED * (REQUESTS_PER_LINK[name] ?? 1)
      expect(hostile.attempts.length).toBeLessThanOrEqual(most)
      if (!DELIVERING.includes(name)) {
        expect(follower.snapshots.filter(({ isConnected }) => isConnected)).toEqual([])
      }
      expect(follower.messages.length).toBeLessThanOrEqual(1)
      expect(follower.snapshot.status).not.toBe('failed')
    } finally {
      await hostile.close()
    }
    await recovers(follower, port)
  },
  120_000,
)

it('asks a server no sooner again than its Retry-After says, on any transport', async () => {
  const hostile = await HostileServer.start('answers 503 with Retry-After')
  const follower = new Follower({ baseUrl: `http://127.0.0.1:${hostile.port}` })
  try {
    follower.manager.connect()
    const count = (path: string) => hostile.attempts.filter((each) => each.path === path).length
    const isTwice = () => ['/ws', '/api/sync/stream', '/api/sync/poll'].every((p) => count(p) > 1)
    await waitFor('a second round', isTwice, 20_000)
    const rounds = hostile.attempts.filter(({ path }) => path === '/api/sync/stream')
    expect((rounds[1]?.at ?? 0) - (rounds[0]?.at ?? 0)).toBeGreaterThanOrEqual(2000)
    const firstRound = hostile.attempts.filter(({ at }) => at < (rounds[0]?.at ?? 0) + 1900)
    expect(firstRound.map(({ path }) => path)).toEqual([
      '/ws',
      '/api/sync/stream',
      '/api/sync/poll',
      '/api/sync/poll',
    ])
  } finally {
    follower.manager.disconnect()
    await hostile.close()
  }
})
