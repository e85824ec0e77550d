// Ways to get more than one's allowance, or to leave others less of theirs. What was allowed is
// measured against the limit, and printed.

import { afterEach, describe, expect, it } from '@jest/globals'
import type { SyncServerOptions } from '../../server/createSyncServer.js'
import { type Answer, Api } from '../support/Api.js'
import { expectFair, flood } from '../support/flood.js'
import { closeOpenClients } from '../support/openClients.js'
import { SocketClient } from '../support/SocketClient.js'
import { SECRET, signed } from '../support/signedTokens.js'
import { startTestServer, type TestServer } from '../support/testServer.js'

const LIMIT = 200
const UNIT_BYTES = 16 * 1024

let server: TestServer
async function start(options: SyncServerOptions = {}): Promise<void> {
  server = await startTestServer({
    authJwtSecret: SECRET,
    rateLimitMax: LIMIT,
    ...options,
  })
}
afterEach(async () => {
  await closeOpenClients()
  await server.close()
})

/** Another one each time. */
const address = (n: number) => `198.${18 + (n % 2)}.${n >> 8}.${n & 255}`

const apiOf = async (sub: string, ...roles: string[]) =>
  new Api(server.url, await signed({ sub, roles }))
const statusOf = async (answer: Promise<Answer>) => (await answer).status

const published = () => (server.server.stats() as { published: number }).published

describe('a user who publishes more than the limit', () => {
  it('gets no more through by plain flooding', async () => {
    await start()
    const ann = await apiOf('ann')
    const answers = await flood(2 * LIMIT, () => statusOf(ann.send({ type: 'a' })))
    expect([...answers.keys()].sort()).toEqual([201, 429])
    expect(published()).toBe(answers.get(201))
    expectFair('plain flooding', published(), LIMIT)
  })

  it('gets no more through in batches', async () => {
    await start()
    const ann = await apiOf('ann')
    const batch = (size: number) => ({ messages: Array(size).fill({ type: 'a' }) })
    await flood(20, (n) => statusOf(ann.send(batch(n % 2 === 0 ? 90 : 17))))
    await flood(20, () => statusOf(ann.send(batch(2))))
    expectFair('batches', published(), LIMIT)
  })

  it('gets no more through in large messages', async () => {
    await start()
    const ann = await apiOf('ann')
    const payload = 'x'.repeat(3 * UNIT_BYTES)
    const answers = await flood(LIMIT, () => statusOf(ann.send({ type: 'a', payload })))
    // Of 48 KiB and the little around them, four units are begun.
    expectFair('large messages', answers.get(201)! * 4, LIMIT)
  })

  it('gets no more through over HTTP and WebSockets together', async () => {
    await start()
    const ann = await apiOf('ann')
    const token = await signed({ sub: 'ann' })
    const sockets = await Promise.all(
      [1, 2, 3].map(() => SocketClient.connect(server.url, { token })),
    )
    const message = { type: 'a', payload: 'x'.repeat(100) }
    const refused = await flood(2 * LIMIT, async (n) => {
      const socket = sockets[n % 4]
      if (socket === undefined) return statusOf(ann.send(message))
      const answer = await socket.ask({ op: 'send', message })
      if (answer.op === 'ok') return 201
      expect(answer).toMatchObject({ code: 'rate_limited', retryAfterMs: expect.any(Number) })
      return 429
    })
    expect(refused.get(429)).toBeGreaterThanOrEqual(LIMIT * 0.95)
    expectFair('HTTP and WebSockets', published(), LIMIT)
  })

  it('gets no more through with tokens that are issued anew', async () => {
    await start()
    await flood(2 * LIMIT, async (n) => {
      const token = await signed({ sub: 'ann', jti: `t${n}`, roles: [`r${n}`] })
      return statusOf(new Api(server.url, token).send({ type: 'a' }))
    })
    expectFair('tokens issued anew', published(), LIMIT)
  })

  it('gets no more through by requests that publish nothing', async () => {
    await start()
    const ann = await apiOf('ann')
    const bodies = ['nonsense', '{}', '{"messages":[]}']
    const answers = await flood(2 * LIMIT, (n) =>
      statusOf(n % 4 === 3 ? ann.force() : ann.send(bodies[n % 4])),
    )
    expectFair('requests that publish nothing', 2 * LIMIT - answers.get(429)!, LIMIT)
  })

  it.each<[string, SyncServerOptions, (n: number) => string]>([
    ['no proxy trusted', { trustProxy: 0 }, (n) => address(n)],
    ['one proxy trusted', { trustProxy: 1 }, (n) => `${address(n)}, 203.0.113.9`],
    ['one proxy trusted that says nothing more', { trustProxy: 1 }, (n) => address(n)],
    ['named proxies', { trustProxy: ['loopback'] }, (n) => `${address(n)}, 203.0.113.9`],
  ])(
    'gets no more through with another X-Forwarded-For each time: %s',
    async (what, options, of) => {
      await start(options)
      const ann = await apiOf('ann')
      await flood(2 * LIMIT, (n) =>
        statusOf(ann.send({ type: 'a' }, { 'X-Forwarded-For': of(n), 'X-Real-Ip': address(n) })),
      )
      expectFair(`rotating X-Forwarded-For, ${what}`, published(), LIMIT)
    },
  )
})
