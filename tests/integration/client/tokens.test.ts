// Tokens that run out or are replaced by another of the same user: when the application is asked
// for one, when there is no sense in it, and that no message is lost meanwhile.

import { afterEach, describe, expect, it } from '@jest/globals'
import { Follower, requireNoGap, TRANSPORTS } from '../../support/Follower.js'
import { NumberedPublisher } from '../../support/NumberedPublisher.js'
import { closeOpenClients } from '../../support/openClients.js'
import { type Scene, sideBySide } from '../../support/sideBySide.js'
import type { TestServer } from '../../support/testServer.js'
import { TOKEN_KIND_NAMES } from '../../support/tokens.js'
import { waitFor } from '../../support/waitFor.js'

const REQUESTS = TRANSPORTS.filter((name) => name !== 'websocket')

afterEach(closeOpenClients)

/** Waits for more than so many that are new. */
async function comes(follower: Follower, count: number): Promise<void> {
  const { length } = follower.numbers()
  await follower.until('more', () => follower.numbers().length > length + count)
}

/** Publishes meanwhile: all of it comes, once, and without a resync. */
async function missesNothing(
  server: TestServer,
  follower: Follower,
  act: () => Promise<void>,
): Promise<void> {
  const publisher = new NumberedPublisher(server.server)
  try {
    publisher.start()
    await act()
  } finally {
    await publisher.stop()
  }
  await follower.until('the last', () => follower.numbers().at(-1) === publisher.count - 1)
  requireNoGap(follower.numbers())
  expect(follower.resyncs).toEqual([])
}

describe.each(TOKEN_KIND_NAMES)('over every transport, with %s', (kind) => {
  const asksAnew = async ({ server, good, tokenOf, options }: Scene) => {
    let asked = 0
    const getToken = () => {
      asked += 1
      good.clear()
      good.set(tokenOf('ann', asked), 'ann')
      return tokenOf('ann', asked)
    }
    const follower = await Follower.start({ ...options, getToken })
    expect(asked).toBe(1)
    await missesNothing(server, follower, async () => {
      await comes(follower, 5)
      good.clear()
      follower.manager.reconnect()
      await follower.until('another question', () => asked > 1)
      await comes(follower, 50)
    })
    expect(asked).toBeLessThanOrEqual(3)
  }

  // A server that knows no more than that a token is not good says 4501, which is final.
  const isFinal = async ({ good, tokenOf, options }: Scene) => {
    good.set(tokenOf('ann', 1), 'ann')
    const getToken = () => tokenOf('ann', 1)
    const follower = await Follower.start({ ...options, getToken })
    good.clear()
    follower.manager.disconnect()
    follower.manager.connect()
    await follower.until('the end', () => follower.snapshot.status === 'failed')
    expect(follower.snapshot.error?.code).toBe('unauthorized')
  }

  it('is over when a WebSocket’s token is refused for good', () =>
    sideBySide(kind, isFinal, ['websocket']))

  it('asks for a fresh token when the old one ran out, and misses nothing', () =>
    sideBySide(kind, asksAnew, REQUESTS))

  it('does not ask for tokens without end where none is good', () =>
    sideBySide(kind, async ({ tokenOf, options }) => {
      let asked = 0
      const getToken = () => {
        asked += 1
        if (asked > 100) throw new Error('asked too often')
        return tokenOf('ann', asked)
      }
      const follower = new Follower({ ...options, getToken })
      follower.manager.connect()
      await follower.until('the end', () => follower.snapshot.status === 'failed', 15_000)
      expect(follower.snapshot.error?.code).toBe('unauthorized')
      expect(asked).toBeLessThanOrEqual(5)
    }))

  it('fails without getToken, and recovers with the token that it is given', () =>
    sideBySide(kind, async ({ server, good, tokenOf, options }) => {
      good.set(tokenOf('ann', 2), 'ann')
      const follower = new Follower({ ...options, token: tokenOf('ann', 1) })
      follower.manager.connect()
      await follower.until('the failure', () => follower.snapshot.status === 'failed')
      expect(follower.snapshot.error?.code).toBe('unauthorized')
      follower.manager.setAuthToken(tokenOf('ann', 2))
      await follower.connected()
      expect(follower.snapshot.error).toBeUndefined()
      await server.server.publish({ type: 'a', payload: 1, userId: 'ann' })
      await follower.until('a message', () => follower.messages.length === 1)
    }))

  it('recovers with the token that it is given, though getToken has none that is good', () =>
    sideBySide(kind, async ({ good, tokenOf, options }) => {
      good.set(tokenOf('ann', 2), 'ann')
      const getToken = () => tokenOf('ann', 1)
      const follower = new Follower({ ...options, getToken })
      follower.manager.connect()
      await follower.until('the failure', () => follower.snapshot.status === 'failed', 20_000)
      follower.manager.setAuthToken(tokenOf('ann', 2))
      await follower.connected()
    }))

  const isGapless = async ({ server, good, tokenOf, options }: Scene) => {
    for (const n of [1, 2, 3]) good.set(tokenOf('ann', n), 'ann')
    const token = tokenOf('ann', 1)
    const follower = await Follower.start({ ...options, token, topics: ['t'] })
    await missesNothing(server, follower, async () => {
      for (const n of [2, 3]) {
        await comes(follower, 20)
        follower.manager.setAuthToken(tokenOf('ann', n))
      }
      await comes(follower, 50)
    })
    expect(follower.snapshot.topics).toEqual(['t'])
  }

  const isAnother = async ({ good, tokenOf, options }: Scene) => {
    for (const n of [1, 2]) good.set(tokenOf('ann', n), 'ann')
    const token = tokenOf('ann', 1)
    const follower = await Follower.start({ ...options, token, topics: ['t'] })
    follower.manager.setAuthToken(tokenOf('ann', 2))
    expect(follower.snapshot.topics).toEqual([])
    await follower.connected()
  }

  if (kind === 'a JWT')
    it('goes on without a gap with another of the same user', () => sideBySide(kind, isGapless))
  else it('takes one that is set by hand for another user’s', () => sideBySide(kind, isAnother))
})

describe('a send beside an event stream or long-poll whose token ran out', () => {
  it('goes out once with the fresh token', () =>
    sideBySide(
      'a JWT',
      async ({ good, tokenOf: jwt, options }) => {
        let asked = 0
        const getToken = () => {
          asked += 1
          good.set(jwt('ann', asked), 'ann')
          return jwt('ann', asked)
        }
        const follower = await Follower.start({ ...options, getToken })
        good.clear()
        await follower.manager.send({ type: 'a', payload: 1 })
        await follower.until('the message', () => follower.messages.length === 1)
        // The poll that is asked meanwhile may be refused for it, too.
        expect(asked).toBeLessThanOrEqual(3)
        expect(follower.resyncs).toEqual([])
      },
      ['sse', 'long-poll'],
    ))

  it('is rejected where there is nobody to ask for another', () =>
    sideBySide(
      'a JWT',
      async ({ good, tokenOf: jwt, options }) => {
        good.set(jwt('ann', 1), 'ann')
        const { manager } = await Follower.start({ ...options, token: jwt('ann', 1) })
        good.clear()
        const code = manager.send({ type: 'a' }).then(
          () => 'sent',
          (error: { code: string }) => error.code,
        )
        const late = waitFor('an answer', () => undefined, 5000).catch(() => 'none')
        // The link may be refused before its send is answered.
        const codes = ['unauthorized', 'not_sent', 'indeterminate']
        expect(codes).toContain(await Promise.race([code, late]))
      },
      ['sse', 'long-poll'],
    ))
})
