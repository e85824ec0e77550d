// What every memory of revocations promises, wherever it is kept: what is revoked at one end is
// refused at the other.

import { beforeEach, describe, expect, it } from '@jest/globals'
import type { Validity } from '../../../server/security/Validity.js'
import { CLOSE } from '../../../shared/closeCodes.js'
import type { Principal } from '../../../shared/principal.js'
import { waitFor } from '../../support/waitFor.js'

export const ann: Principal = {
  userId: 'ann',
  roles: [],
  topics: { subscribe: [], publish: [] },
}

export const issuedAt = (msAgo: number, more: Partial<Principal> = {}): Principal => ({
  ...ann,
  issuedAt: Date.now() - msAgo,
  ...more,
})

export interface Ends {
  readonly here: Validity
  readonly there: Validity
}

/** Resolves where it is refused, or is let in, within the 2 s that are promised. */
export const refuses = (validity: Validity, principal: Principal) =>
  waitFor(`${principal.userId} to be refused`, () => !validity.isCurrent(principal), 2500)

export function validityContract(
  name: string,
  create: (maxRevocations: number) => Promise<Ends>,
): void {
  describe(`${name}, as every validity,`, () => {
    let here: Validity
    let there: Validity
    beforeEach(async () => {
      ;({ here, there } = await create(10))
    })

    it('ends with the millisecond that a principal expires at, and never without one', () => {
      expect(here.isCurrent(ann)).toBe(true)
      expect(here.isCurrent({ ...ann, expiresAt: Date.now() + 60_000 })).toBe(true)
      expect(here.isCurrent({ ...ann, expiresAt: Date.now() })).toBe(false)
      expect(() => here.assertCurrent({ ...ann, expiresAt: 0 })).toThrow(
        expect.objectContaining({ code: 'unauthorized', close: CLOSE.staleToken }),
      )
      here.assertCurrent(ann)
    })

    it('refuses where it was revoked before anything is waited for', async () => {
      const told = here.revoke({ userId: 'ann' })
      expect(here.isCurrent(ann)).toBe(false)
      await told
    })

    it('ends all tokens of a user issued up to then, and none that is issued after', async () => {
      const old = [issuedAt(1), issuedAt(1, { tokenId: 't' }), ann]
      await here.revoke({ userId: 'ann' })
      for (const each of old) await refuses(there, each)
      expect(there.isCurrent(issuedAt(-1000))).toBe(true)
      for (const userId of ['bob', 'ANN', 'ann ', 'user\nann', 'token\nann', '__proto__']) {
        expect(there.isCurrent(issuedAt(1, { userId }))).toBe(true)
      }
    })

    it('ends one token, and no other of its user', async () => {
      await here.revoke({ jti: 't1' })
      await refuses(there, issuedAt(1, { tokenId: 't1' }))
      // Whenever it says that it was issued.
      expect(there.isCurrent(issuedAt(-1000, { tokenId: 't1' }))).toBe(false)
      expect(there.isCurrent(issuedAt(1, { tokenId: 't2' }))).toBe(true)
      expect(there.isCurrent(issuedAt(1))).toBe(true)
    })

    it('takes no token for a user of its name, nor the other way round', async () => {
      await here.revoke({ jti: 'ann' })
      await here.revoke({ userId: 't' })
      await refuses(there, { ...ann, userId: 't' })
      expect(there.isCurrent(issuedAt(1, { tokenId: 't' }))).toBe(true)
    })

    it('reaches what was issued in between when it is revoked again, at either end', async () => {
      await here.revoke({ userId: 'ann' })
      await refuses(there, ann)
      await new Promise((resolve) => setTimeout(resolve, 5))
      const between = issuedAt(0)
      expect(there.isCurrent(between)).toBe(true)
      await there.revoke({ userId: 'ann' })
      await refuses(here, between)
    })

    it('is refused at the bound rather than that another is forgotten', async () => {
      ;({ here, there } = await create(2))
      await here.revoke({ userId: 'ann' })
      await there.revoke({ jti: 't' })
      const full = expect.objectContaining({ code: 'unavailable', retryAfterSeconds: 60 })
      await expect(here.revoke({ userId: 'bob' })).rejects.toEqual(full)
      // Again needs no room of its own.
      await there.revoke({ userId: 'ann' })
      await refuses(there, ann)
      await refuses(here, issuedAt(1, { userId: 'x', tokenId: 't' }))
    })
  })
}
