// What giving out tickets promises, wherever they are kept.

import { beforeEach, describe, expect, it } from '@jest/globals'
import type { Tickets } from '../../../server/security/Tickets.js'
import { CLOSE } from '../../../shared/closeCodes.js'
import type { Principal } from '../../../shared/principal.js'

const TTL_MS = 30_000

export const user = (userId: string, more: Partial<Principal> = {}): Principal => ({
  userId,
  roles: ['ops'],
  topics: { subscribe: ['a'], publish: [] },
  ...more,
})
export const ann = user('ann')

const refused = (code: string, more = {}) => expect.objectContaining({ code, ...more })
export const stale = refused('unauthorized', { close: CLOSE.staleToken })
const invalid = refused('unauthorized', { close: CLOSE.invalidToken })
export const tooMany = refused('rate_limited', { retryAfterSeconds: 30 })

export async function issueMany(
  tickets: Tickets,
  principal: Principal,
  count: number,
): Promise<string[]> {
  const issued = Array.from({ length: count }, () => tickets.issue(principal))
  return (await Promise.all(issued)).map(({ ticket }) => ticket)
}

/** `create` makes both ends of one store: where a ticket is given out, and where it is taken. */
export function ticketsContract(
  name: string,
  create: () => Promise<readonly [Tickets, Tickets]>,
): void {
  describe(`${name}: a ticket`, () => {
    let here: Tickets
    let there: Tickets
    beforeEach(async () => {
      ;[here, there] = await create()
    })

    it('stands for who asked for it, as it was then, once', async () => {
      const bearer = user('bob', { expiresAt: Date.now() + 9, issuedAt: 5, tokenId: 't' })
      const { ticket } = await here.issue(bearer)
      expect(await there.take(ticket)).toEqual(bearer)
      await expect(there.take(ticket)).rejects.toEqual(stale)
      await expect(here.take(ticket)).rejects.toThrow(/^ticket: unknown, used or expired/)
    })

    it('is taken once by many who come at once, wherever they come', async () => {
      const { ticket } = await here.issue(ann)
      const takes = Array.from({ length: 20 }, (_, index) => [here, there][index % 2]!.take(ticket))
      const taken = (await Promise.allSettled(takes)).filter(({ status }) => status === 'fulfilled')
      expect(taken).toEqual([{ status: 'fulfilled', value: ann }])
    })

    it('says that it ends in 30 s, and no later than the token it was given for', async () => {
      const near = (ms: number) => (Math.abs(ms - TTL_MS) < 2000 ? 'near' : ms)
      expect(near((await here.issue(ann)).expiresAt - Date.now())).toBe('near')
      const expiresAt = Date.now() + 10_000
      expect((await here.issue(user('bob', { expiresAt }))).expiresAt).toBe(expiresAt)
      const later = user('bob', { expiresAt: Date.now() + 60_000 })
      expect(near((await here.issue(later)).expiresAt - Date.now())).toBe('near')
    })

    it('has 256 random bits, in letters that a URL takes', async () => {
      const given = await issueMany(here, ann, 100)
      for (const ticket of given) expect(ticket).toMatch(/^[\w-]{43}$/)
      expect(new Set(given.map((ticket) => ticket.slice(0, 6))).size).toBe(100)
    })

    it('is nothing but itself', async () => {
      const { ticket } = await here.issue(ann)
      const none = ['', ' ', ticket.slice(0, -1), `${ticket} `, `${ticket}=`, 'x'.repeat(60_000)]
      for (const other of [...none, '__proto__']) {
        await expect(there.take(other)).rejects.toEqual(invalid)
      }
      // What looks like one may have been good once.
      const other = ticket.startsWith('A') ? `B${ticket.slice(1)}` : `A${ticket.slice(1)}`
      await expect(there.take(other)).rejects.toEqual(stale)
      expect(await there.take(ticket)).toEqual(ann)
    })

    it('is not for a service, which reads nothing', async () => {
      await expect(here.issue(user('ann', { isService: true }))).rejects.toEqual(
        refused('forbidden'),
      )
    })

    it('is one of a hundred at most that wait for a user, which are nothing to another', async () => {
      const [first = ''] = await issueMany(here, ann, 100)
      await expect(there.issue(ann)).rejects.toEqual(tooMany)
      await there.issue(user('bob'))
      await here.take(first)
      // No room is made by attempts at what is over.
      for (let attempt = 0; attempt < 5; attempt += 1) {
        await expect(here.take(first)).rejects.toEqual(stale)
      }
      await here.issue(ann)
      await expect(here.issue(ann)).rejects.toEqual(tooMany)
      await expect(there.issue(ann)).rejects.toEqual(tooMany)
    })
  })
}
