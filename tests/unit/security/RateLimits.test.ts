import { describe, expect, it } from '@jest/globals'
import { RateLimits, unitsOf } from '../../../server/security/RateLimits.js'
import type { Principal } from '../../../shared/principal.js'

const WINDOW_MS = 60_000
const MAXIMA = {
  rateLimitMax: 10,
  rateLimitAdminMax: 20,
  rateLimitServiceMax: 30,
  rateLimitReadMax: 40,
  maxFramesPerSecond: 5,
}
const create = (changes: Partial<typeof MAXIMA> = {}) =>
  new RateLimits({ ...MAXIMA, ...changes, rateLimitWindowMs: WINDOW_MS, wallNow: () => 0 })

const ann: Principal = { userId: 'ann', roles: [], topics: { subscribe: [], publish: [] } }
const admin: Principal = { ...ann, userId: 'root', roles: ['admin'] }
const service: Principal = { ...ann, isService: true }

/** How often this goes well before it is refused. */
async function allowedOf(act: () => unknown, attempts = 100): Promise<number> {
  for (let done = 0; done < attempts; done += 1) {
    try {
      await act()
    } catch (error) {
      expect(error).toMatchObject({ code: 'rate_limited' })
      return done
    }
  }
  return Number.POSITIVE_INFINITY
}

describe('the limits', () => {
  it('of publishing are those of who publishes', async () => {
    const limits = create()
    const writes = (principal: Principal) => allowedOf(() => limits.chargeWrite(principal, 1))
    expect([await writes(ann), await writes(admin), await writes(service)]).toEqual([10, 20, 30])
    // By a new token of the same user, too.
    expect(await writes({ ...ann, tokenId: 'new', issuedAt: 5 })).toBe(0)
    expect(await writes({ ...ann, userId: 'bob' })).toBe(10)
    expect(limits.windowMs).toBe(WINDOW_MS)
  })

  it('are those of an admin for who is one here, not for a role of that name', async () => {
    const limits = create()
    expect(limits.writeLimitOf({ ...ann, isAdmin: true })).toBe(20)
    expect(limits.writeLimitOf({ ...ann, roles: ['admin'], isAdmin: false })).toBe(10)
    expect(limits.writeLimitOf({ ...ann, roles: ['Admin'] })).toBe(10)
    expect(limits.writeLimitOf({ ...admin, isService: true })).toBe(30)
  })

  it('of reading, publishing and failing are nothing to each other', async () => {
    const limits = create()
    expect(await allowedOf(() => limits.chargeWrite(ann, 1))).toBe(10)
    expect(await allowedOf(() => limits.chargeRead(ann))).toBe(40)
    expect(await allowedOf(() => limits.chargeFailure('ann'))).toBe(10)
    expect(await allowedOf(() => limits.chargeFailure('1.1.1.1'))).toBe(10)
  })

  it('are charged by what it costs', async () => {
    const limits = create()
    expect(await allowedOf(() => limits.chargeWrite(ann, 3))).toBe(3)
    expect(await allowedOf(() => limits.chargeWrite(ann, 1))).toBe(1)
  })

  it.each([
    ['rateLimitMax', (limits: RateLimits) => limits.chargeWrite(ann, 1)],
    ['rateLimitMax', (limits: RateLimits) => limits.chargeFailure('1.1.1.1')],
    ['rateLimitAdminMax', (limits: RateLimits) => limits.chargeWrite(admin, 1)],
    ['rateLimitServiceMax', (limits: RateLimits) => limits.chargeWrite(service, 1)],
    ['rateLimitReadMax', (limits: RateLimits) => limits.chargeRead(ann)],
  ] as const)('are switched off by 0: %s', async (name, act) => {
    const limits = create({ [name]: 0 })
    expect(await allowedOf(() => act(limits))).toBe(Number.POSITIVE_INFINITY)
  })

  it('say which of them is used up', async () => {
    const limits = create({ rateLimitMax: 1, rateLimitReadMax: 1 })
    const told = async (act: () => unknown) => {
      await act()
      try {
        await act()
      } catch (error) {
        return (error as Error).message.split(',')[0]
      }
      return 'nothing'
    }
    expect(await told(() => limits.chargeWrite(ann, 1))).toBe('the limit for publishing')
    expect(await told(() => limits.chargeRead(ann))).toBe('the limit for reading')
    expect(await told(() => limits.chargeFailure('x'))).toBe('the limit for wrong credentials')
  })
})

it.each([
  [1, 0, 1],
  [1, 1, 1],
  [1, 16_384, 1],
  [1, 16_385, 2],
  [1, 65_536, 4],
  [100, 65_536, 100],
  [3, 65_536, 4],
  [1000, 10, 1000],
])('%i messages of %i bytes cost %i', (messages, bytes, units) => {
  expect(unitsOf(messages, bytes)).toBe(units)
})
