// Tokens that run out or are replaced by another of the same user: when the application is asked
// for one, when there is no sense in it, and that no message is lost meanwhile.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Follower, requireNoGap, TRANSPORTS } from '../../support/Follower.js'
import { NumberedPublisher } from '../../support/NumberedPublisher.js'
import { closeOpenClients } from '../../support/openClients.js'
import { startTestServer, type TestServer } from '../../support/testServer.js'
import { createTokenBook, jwt, TOKEN_KIND_NAMES, TOKEN_KINDS } from '../../support/tokens.js'
import { waitFor } from '../../support/waitFor.js'

const { good, authenticate } = createTokenBook()
let server: TestServer
beforeEach(async () => {
  good.clear()
  server = await startTestServer({ authenticate })
})
afterEach(async () => {
  await closeOpenClients()
  await server.close()
})

describe.each(TRANSPORTS)('over %s', (name) => {
  describe.each(TOKEN_KIND_NAMES)('with %s', (kind) => {
    const tokenOf = TOKEN_KINDS[kind]
    const options = () => ({ baseUrl: server.url, transports: [name] })

    const asksAnew = async () => {
      let asked = 0
      const getToken = () => {
        asked += 1
        good.clear()
        good.set(tokenOf('ann', asked), 'ann')
        return tokenOf('ann', asked)
      }
      const follower = await Follower.start({ ...options(), getToken })
      expect(asked).toBe(1)
      const publisher = new NumberedPublisher(server.server)
      try {
        publisher.start()
        await follower.until('some', () => follower.numbers().length > 5)
        good.clear()
        follower.manager.reconnect()
        await follower.until('another question', () => asked > 1)
        const { length } = follower.numbers()
        await follower.until('more', () => follower.numbers().length > length + 50)
      } finally {
        await publisher.stop()
      }
      await follower.until('the last', () => follower.numbers().at(-1) === publisher.count - 1)
      requireNoGap(follower.numbers())
      expect(follower.resyncs).toEqual([])
      expect(asked).toBeLessThanOrEqual(3)
    }

    // A server that knows no more than that a token is not good says 4501, which is final.
    const isFinal = async () => {
      good.set(tokenOf('ann', 1), 'ann')
      const getToken = () => tokenOf('ann', 1)
      const follower = await Follower.start({ ...options(), getToken })
      good.clear()
      follower.manager.disconnect()
      follower.manager.connect()
      await follower.until('the end', () => follower.snapshot.status === 'failed')
      expect(follower.snapshot.error?.code).toBe('unauthorized')
    }

    if (name === 'websocket') it('is over when a token is refused for good', isFinal)
    else it('asks for a fresh token when the old one ran out, and misses nothing', asksAnew)

    it('does not ask for tokens without end where none is good', async () => {
      let asked = 0
      const getToken = () => {
        asked += 1
        if (asked > 100) throw new Error('asked too often')
        return tokenOf('ann', asked)
      }
      const follower = new Follower({ ...options(), getToken })
      follower.manager.connect()
      await follower.until('the end', () => follower.snapshot.status === 'failed', 15_000)
      expect(follower.snapshot.error?.code).toBe('unauthorized')
      expect(asked).toBeLessThanOrEqual(5)
    })

    it('fails without getToken, and recovers with the token that it is given', async () => {
      good.set(tokenOf('ann', 2), 'ann')
      const follower = new Follower({ ...options(), token: tokenOf('ann', 1) })
      follower.manager.connect()
      await follower.until('the failure', () => follower.snapshot.status === 'failed')
      expect(follower.snapshot.error?.code).toBe('unauthorized')
      follower.manager.setAuthToken(tokenOf('ann', 2))
      await follower.connected()
      expect(follower.snapshot.error).toBeUndefined()
      await server.server.publish({ type: 'a', payload: 1, userId: 'ann' })
      await follower.until('a message', () => follower.messages.length === 1)
    })

    it('recovers with the token that it is given, though getToken has none that is good', async () => {
      good.set(tokenOf('ann', 2), 'ann')
      const getToken = () => tokenOf('ann', 1)
      const follower = new Follower({ ...options(), getToken })
      follower.manager.connect()
      await follower.until('the failure', () => follower.snapshot.status === 'failed', 20_000)
      follower.manager.setAuthToken(tokenOf('ann', 2))
      await follower.connected()
    })

    const isGapless = async () => {
      for (const n of [1, 2, 3]) good.set(tokenOf('ann', n), 'ann')
      const token = tokenOf('ann', 1)
      const follower = await Follower.start({ ...options(), token, topics: ['t'] })
      const publisher = new NumberedPublisher(server.server)
      try {
        publisher.start()
        for (const n of [2, 3]) {
          const { length } = follower.numbers()
          await follower.until('some', () => follower.numbers().length > length + 20)
          follower.manager.setAuthToken(tokenOf('ann', n))
        }
        const { length } = follower.numbers()
        await follower.until('some', () => follower.numbers().length > length + 50)
      } finally {
        await publisher.stop()
      }
      await follower.until('the last', () => follower.numbers().at(-1) === publisher.count - 1)
      requireNoGap(follower.numbers())
      expect(follower.resyncs).toEqual([])
      expect(follower.snapshot.topics).toEqual(['t'])
    }

    const isAnother = async () => {
      for (const n of [1, 2]) good.set(tokenOf('ann', n), 'ann')
      const token = tokenOf('ann', 1)
      const follower = await Follower.start({ ...options(), token, topics: ['t'] })
      follower.manager.setAuthToken(tokenOf('ann', 2))
      expect(follower.snapshot.topics).toEqual([])
      await follower.connected()
    }

    if (kind === 'a JWT') it('goes on without a gap with another of the same user', isGapless)
    else it('takes one that is set by hand for another user’s', isAnother)
  })
})

describe.each(['sse', 'long-poll'] as const)('a send beside %s whose token ran out', (name) => {
  it('goes out once with the fresh token', async () => {
    let asked = 0
    const getToken = () => {
      asked += 1
      good.set(jwt('ann', asked), 'ann')
      return jwt('ann', asked)
    }
    const follower = await Follower.start({ baseUrl: server.url, transports: [name], getToken })
    good.clear()
    await follower.manager.send({ type: 'a', payload: 1 })
    await follower.until('the message', () => follower.messages.length === 1)
    // The poll that is asked meanwhile may be refused for it, too.
    expect(asked).toBeLessThanOrEqual(3)
    expect(follower.resyncs).toEqual([])
  })

  it('is rejected where there is nobody to ask for another', async () => {
    good.set(jwt('ann', 1), 'ann')
    const options = { baseUrl: server.url, transports: [name], token: jwt('ann', 1) }
    const { manager } = await Follower.start(options)
    good.clear()
    const code = manager.send({ type: 'a' }).then(
      () => 'sent',
      (error: { code: string }) => error.code,
    )
    const late = waitFor('an answer', () => undefined, 5000).catch(() => 'none')
    // The link may be refused before its send is answered.
    const codes = ['unauthorized', 'not_sent', 'indeterminate']
    expect(codes).toContain(await Promise.race([code, late]))
  })
})
