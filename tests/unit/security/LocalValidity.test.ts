import { beforeEach, describe, expect, it } from '@jest/globals'
import { LocalValidity } from '../../../server/security/LocalValidity.js'
import { staleToken } from '../../../server/security/Validity.js'
import { CLOSE } from '../../../shared/closeCodes.js'
import type { Principal } from '../../../shared/principal.js'

const DAY_MS = 86_400_000
const clock = { ms: 1_763_650_000_000 }
const ann: Principal = {
  userId: 'ann',
  roles: [],
  topics: { subscribe: [], publish: [] },
}
const issuedAt = (msAgo: number, more: Partial<Principal> = {}): Principal => ({
  ...ann,
  issuedAt: clock.ms - msAgo,
  ...more,
})

let validity: LocalValidity
const create = (maxRevocations = 10) =>
  new LocalValidity({ wallNow: () => clock.ms, rememberMs: DAY_MS, maxRevocations })
beforeEach(() => {
  validity = create()
})

it('ends with the millisecond that a principal expires at, and never without one', () => {
  expect(validity.isCurrent(ann)).toBe(true)
  expect(validity.isCurrent({ ...ann, expiresAt: clock.ms + 1 })).toBe(true)
  expect(validity.isCurrent({ ...ann, expiresAt: clock.ms })).toBe(false)
  expect(validity.isCurrent({ ...ann, expiresAt: clock.ms - 1 })).toBe(false)
})

it('is told as a token that was good once, which a fresh one can replace', () => {
  expect(() => validity.assertCurrent({ ...ann, expiresAt: 0 })).toThrow(
    expect.objectContaining({ code: 'unauthorized', status: 401, close: CLOSE.staleToken }),
  )
  validity.assertCurrent(ann)
  expect(staleToken('used').message).toBe('used')
})

describe('revoking a user', () => {
  it('ends all tokens issued up to now, and none that is issued after', async () => {
    await validity.revoke({ userId: 'ann' })
    expect(validity.isCurrent(issuedAt(1))).toBe(false)
    expect(validity.isCurrent(issuedAt(0))).toBe(false)
    expect(validity.isCurrent(issuedAt(-1))).toBe(true)
    expect(validity.isCurrent(issuedAt(1, { tokenId: 't' }))).toBe(false)
  })

  it('ends tokens that do not say when they were issued', async () => {
    await validity.revoke({ userId: 'ann' })
    expect(validity.isCurrent(ann)).toBe(false)
  })

  it('is for that user alone', async () => {
    await validity.revoke({ userId: 'ann' })
    for (const userId of ['bob', 'ANN', 'ann ', 'user\nann', 'token\nann', '__proto__']) {
      expect(validity.isCurrent(issuedAt(1, { userId }))).toBe(true)
    }
  })

  it('again reaches what was issued in between', async () => {
    await validity.revoke({ userId: 'ann' })
    clock.ms += 1000
    const between = issuedAt(500)
    expect(validity.isCurrent(between)).toBe(true)
    await validity.revoke({ userId: 'ann' })
    expect(validity.isCurrent(between)).toBe(false)
  })
})

describe('revoking a token', () => {
  it('ends that one, and no other of the user', async () => {
    await validity.revoke({ jti: 't1' })
    expect(validity.isCurrent(issuedAt(1, { tokenId: 't1' }))).toBe(false)
    // Whenever it says that it was issued.
    expect(validity.isCurrent(issuedAt(-1000, { tokenId: 't1' }))).toBe(false)
    expect(validity.isCurrent(issuedAt(1, { tokenId: 't2' }))).toBe(true)
    expect(validity.isCurrent(issuedAt(1))).toBe(true)
  })

  it('is not revoking a user of its name, nor the other way round', async () => {
    await validity.revoke({ jti: 'ann' })
    expect(validity.isCurrent(issuedAt(1, { tokenId: 't' }))).toBe(true)
    await validity.revoke({ userId: 't' })
    expect(validity.isCurrent(issuedAt(1, { tokenId: 't' }))).toBe(true)
  })
})

describe('a revocation', () => {
  it('is remembered for as long as a token can live, and then makes room', async () => {
    validity = create(2)
    const old = issuedAt(1)
    await validity.revoke({ userId: 'ann' })
    await validity.revoke({ jti: 't' })
    clock.ms += DAY_MS
    await expect(validity.revoke({ userId: 'bob' })).rejects.toEqual(
      expect.objectContaining({ code: 'unavailable' }),
    )
    expect(validity.isCurrent(old)).toBe(false)
    clock.ms += 1
    await validity.revoke({ userId: 'bob' })
    expect(validity.isCurrent(issuedAt(1, { userId: 'bob' }))).toBe(false)
  })

  it('is refused at the bound rather than that another is forgotten', async () => {
    validity = create(2)
    await validity.revoke({ userId: 'ann' })
    await validity.revoke({ jti: 't' })
    await expect(validity.revoke({ userId: 'bob' })).rejects.toEqual(
      expect.objectContaining({ code: 'unavailable', retryAfterSeconds: 60 }),
    )
    expect(validity.isCurrent(issuedAt(1))).toBe(false)
    expect(validity.isCurrent(issuedAt(1, { userId: 'x', tokenId: 't' }))).toBe(false)
    expect(validity.isCurrent(issuedAt(1, { userId: 'bob' }))).toBe(true)
  })

  it('again needs no room of its own, and lasts from then on', async () => {
    validity = create(2)
    await validity.revoke({ userId: 'ann' })
    clock.ms += DAY_MS - 1
    await validity.revoke({ userId: 'bob' })
    await validity.revoke({ userId: 'ann' })
    const between = issuedAt(1)
    clock.ms += 2
    await validity.revoke({ userId: 'bob' })
    expect(validity.isCurrent(between)).toBe(false)
  })
})
