// Another user signs in: nothing of the last one may reach them or go out in their name, whether the
// client can tell by the token or only by what the server says.

import { afterEach, describe, expect, it } from '@jest/globals'
import { Follower } from '../../support/Follower.js'
import { closeOpenClients } from '../../support/openClients.js'
import { sideBySide } from '../../support/sideBySide.js'
import { TOKEN_KIND_NAMES } from '../../support/tokens.js'
import { waitFor } from '../../support/waitFor.js'

afterEach(closeOpenClients)

describe.each(TOKEN_KIND_NAMES)('over every transport, with %s', (kind) => {
  it('takes nothing of one user over to the next: messages, topics, sends', () =>
    sideBySide(kind, async ({ server, good, tokenOf, options }) => {
      good.set(tokenOf('ann', 1), 'ann').set(tokenOf('ben', 1), 'ben')
      const token = tokenOf('ann', 1)
      const follower = await Follower.start({ ...options, token, topics: ['anns'] })
      await server.server.publish({ type: 'a', payload: 'for ann', userId: 'ann' })
      await follower.until('a message', () => follower.messages.length === 1)
      const { manager } = follower
      manager.disconnect()
      // It can't go out yet.
      const code = manager.send({ type: 'a', payload: 'by ann' }).then(
        () => 'sent',
        (error: { code: string }) => error.code,
      )
      await server.server.publish({ type: 'a', payload: 'late for ann', userId: 'ann' })
      await server.server.publish({ type: 'a', payload: 'her topic', topics: ['anns'] })
      await new Promise((resolve) => setImmediate(resolve))
      manager.setAuthToken(tokenOf('ben', 1))
      manager.connect()
      await follower.connected()
      await waitFor('a message of his own', async () => {
        await server.server.publish({ type: 'a', payload: 'for ben', userId: 'ben' })
        return follower.payloads.includes('for ben')
      })
      await server.server.publish({ type: 'a', payload: 'her topic', topics: ['anns'] })
      await server.server.publish({ type: 'a', payload: 'last', userId: 'ben' })
      await follower.until('the last', () => follower.payloads.at(-1) === 'last')
      const payloads = new Set(follower.payloads)
      expect([...payloads]).toEqual(['for ann', 'for ben', 'last'])
      expect(await code).toBe('not_sent')
      expect(follower.snapshot.topics).toEqual([])
    }))

  it('sends nothing that was sent a moment before the next user came', () =>
    sideBySide(kind, async ({ server, good, tokenOf, options }) => {
      good.set(tokenOf('ann', 1), 'ann').set(tokenOf('ben', 1), 'ben')
      const follower = await Follower.start({ ...options, token: tokenOf('ann', 1) })
      const { manager } = follower
      const sending = manager.send({ type: 'a', payload: 'by ann' }).catch(() => {})
      manager.setAuthToken(tokenOf('ben', 1))
      await waitFor('a message of his own', async () => {
        await server.server.publish({ type: 'a', payload: 'for ben', userId: 'ben' })
        return follower.payloads.includes('for ben')
      })
      await sending
      await server.server.publish({ type: 'a', payload: 'last', userId: 'ben' })
      await follower.until('the last', () => follower.payloads.at(-1) === 'last')
      expect(
        follower.messages.find(({ userId, payload }) => {
          return userId === 'ben' && payload === 'by ann'
        }),
      ).toBeUndefined()
    }))

  it('reads the topics that the next user subscribes to', () =>
    sideBySide(kind, async ({ server, good, tokenOf, options }) => {
      good.set(tokenOf('ann', 1), 'ann').set(tokenOf('ben', 1), 'ben')
      const token = tokenOf('ann', 1)
      const follower = await Follower.start({ ...options, token, topics: ['anns'] })
      follower.manager.setAuthToken(tokenOf('ben', 1))
      follower.manager.subscribe(['bens'])
      await waitFor('a message of his own', async () => {
        await server.server.publish({ type: 'a', payload: 'for ben', userId: 'ben' })
        return follower.payloads.includes('for ben')
      })
      expect(follower.snapshot.topics).toEqual(['bens'])
      await server.server.publish({ type: 'a', payload: 'topic', topics: ['bens'] })
      await follower.until('the topic', () => follower.payloads.includes('topic'))
    }))

  it('takes nothing over while it is connected', () =>
    sideBySide(kind, async ({ server, good, tokenOf, options }) => {
      good.set(tokenOf('ann', 1), 'ann').set(tokenOf('ben', 1), 'ben')
      const token = tokenOf('ann', 1)
      const follower = await Follower.start({ ...options, token, topics: ['t'] })
      follower.manager.setAuthToken(tokenOf('ben', 1))
      await server.server.publish({ type: 'a', payload: 'for ann', userId: 'ann' })
      await follower.connected()
      await waitFor('a message of his own', async () => {
        await server.server.publish({ type: 'a', payload: 'for ann', topics: ['t'] })
        await server.server.publish({ type: 'a', payload: 'for ben', userId: 'ben' })
        return follower.payloads.includes('for ben')
      })
      expect([...new Set(follower.payloads)]).toEqual(['for ben'])
      expect(follower.snapshot.topics).toEqual([])
    }))
})
