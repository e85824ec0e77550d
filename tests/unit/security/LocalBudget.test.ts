import { beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { LocalBudget } from '../../../server/security/LocalBudget.js'

const WINDOW_MS = 60_000
const LIMIT = 10
const clock = { ms: 1_763_650_000_000 }

let budget: LocalBudget
const create = (maxKeys = 1000, windowMs = WINDOW_MS) =>
  new LocalBudget({ name: 'publishing', windowMs, wallNow: () => clock.ms, maxKeys })
beforeEach(() => {
  budget = create()
})

const charge = (key = 'ann', cost = 1, limit = LIMIT) => {
  try {
    budget.take(key, cost, limit)
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: 'rate_limited', status: 429 })
    return false
  }
}
const allowedOf = (attempts: number, key?: string) =>
  Array.from({ length: attempts }, () => charge(key)).filter((isAllowed) => isAllowed).length

describe('a budget', () => {
  it('allows exactly its limit in a window, and as much in the next', () => {
    expect(allowedOf(50)).toBe(LIMIT)
    clock.ms += WINDOW_MS - 1
    expect(allowedOf(50)).toBe(0)
    clock.ms += 1
    expect(allowedOf(50)).toBe(LIMIT)
  })

  it('begins a window with the first charge of each caller', () => {
    charge('ann')
    clock.ms += WINDOW_MS - 1
    expect(allowedOf(50, 'bob')).toBe(LIMIT)
    clock.ms += 1
    expect([allowedOf(50, 'ann'), allowedOf(50, 'bob')]).toEqual([LIMIT, 0])
  })

  it('does not wait longer where the clock is set back', () => {
    expect(allowedOf(50)).toBe(LIMIT)
    clock.ms -= 3_600_000
    expect(allowedOf(50)).toBe(LIMIT)
  })
})

describe('who is over the limit', () => {
  it('is told when to come back, which is when it works again', () => {
    allowedOf(LIMIT)
    clock.ms += 20_500
    const error = budget.overdrawn('ann', LIMIT)
    expect(error).toMatchObject({
      retryAfterSeconds: 40,
      message: 'the limit for publishing, 10 in 60 s, is used up; come back in 40 s',
      headers: {
        RateLimit: '"publishing"; r=0; t=40',
        'RateLimit-Policy': '"publishing"; q=10; w=60',
      },
    })
    clock.ms += 40_000
    expect(charge()).toBe(true)
  })

  it('is told at least a second', () => {
    allowedOf(LIMIT)
    clock.ms += WINDOW_MS - 1
    expect(budget.overdrawn('ann', LIMIT).retryAfterSeconds).toBe(1)
  })

  it('is not told who it is, nor anybody else', () => {
    expect(JSON.stringify(budget.overdrawn('secret-name', LIMIT))).not.toContain('secret-name')
  })
})

describe('callers that are counted', () => {
  it('are so many at most; the one whose window began first goes', () => {
    budget = create(3)
    for (const name of ['a', 'b', 'c']) {
      expect(allowedOf(50, name)).toBe(LIMIT)
      clock.ms += 1
    }
    charge('d')
    expect(allowedOf(50, 'c')).toBe(0)
    expect(allowedOf(50, 'b')).toBe(0)
    expect(allowedOf(50, 'a')).toBe(LIMIT)
  })

  it('are not forgotten for others that are counted already', () => {
    budget = create(2)
    allowedOf(LIMIT, 'a')
    for (let times = 0; times < 50; times += 1) charge('b')
    expect(charge('a')).toBe(false)
  })
})

it('never allows more than its limit in a window, whatever is charged when', () => {
  const charges = fc.array(
    fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      cost: fc.nat(6),
      waitMs: fc.oneof(fc.constant(0), fc.nat(WINDOW_MS)),
    }),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(charges, (steps) => {
      budget = create()
      const windows = new Map<string, { endsAt: number; taken: number }>()
      for (const { key, cost, waitMs } of steps) {
        clock.ms += waitMs
        const isAllowed = charge(key, cost)
        if (cost === 0) continue
        let window = windows.get(key)
        if (window === undefined || window.endsAt <= clock.ms) {
          window = { endsAt: clock.ms + WINDOW_MS, taken: 0 }
          windows.set(key, window)
        }
        expect(isAllowed).toBe(window.taken + cost <= LIMIT)
        if (isAllowed) window.taken += cost
      }
    }),
  )
})
