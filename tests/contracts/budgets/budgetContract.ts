// What every budget promises, wherever it is kept.

import { beforeEach, describe, expect, it } from '@jest/globals'
import type { Budget } from '../../../server/security/Budget.js'
import { SyncError } from '../../../shared/errors.js'

const LIMIT = 10
/** Long enough for no window to end by itself, and short enough to be waited for. */
const LONG_MS = 60_000
const SHORT_MS = 200

export interface BudgetUnderTest {
  readonly budget: Budget
  passTime(ms: number): Promise<void> | void
}

export type CreateBudget = (settings: {
  readonly windowMs: number
  readonly maxKeys: number
}) => Promise<BudgetUnderTest> | BudgetUnderTest

/** Whether a charge is allowed; how often, where it is one of many at once. */
export async function isAllowed(
  budget: Budget,
  key: string,
  cost = 1,
  limit = LIMIT,
): Promise<boolean> {
  try {
    await budget.charge(key, cost, limit)
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: 'rate_limited', status: 429 })
    return false
  }
}

export async function allowedOf(attempts: number, budget: Budget, key = 'ann'): Promise<number> {
  const all = Array.from({ length: attempts }, () => isAllowed(budget, key))
  return (await Promise.all(all)).filter(Boolean).length
}

export function budgetContract(name: string, create: CreateBudget): void {
  describe(`${name}, as every budget,`, () => {
    let budget: Budget
    let passTime: BudgetUnderTest['passTime']
    const begin = async (windowMs: number, maxKeys = 1000) => {
      const made = await create({ windowMs, maxKeys })
      budget = made.budget
      passTime = (ms) => made.passTime(ms)
    }
    beforeEach(() => begin(LONG_MS))
    const charge = (cost: number, limit = LIMIT) => isAllowed(budget, 'ann', cost, limit)

    it('allows exactly its limit, however many ask at once', async () => {
      expect(await allowedOf(50, budget)).toBe(LIMIT)
      expect(await allowedOf(50, budget)).toBe(0)
    })

    it('begins anew when its window has ended', async () => {
      await begin(SHORT_MS)
      expect(await charge(LIMIT)).toBe(true)
      await passTime(SHORT_MS)
      expect(await charge(LIMIT)).toBe(true)
    })

    it('lets go of windows that have ended, and of no other', async () => {
      await begin(SHORT_MS)
      await isAllowed(budget, 'ann')
      await isAllowed(budget, 'bob')
      budget.sweep()
      expect(budget.callers).toBe(2)
      await passTime(SHORT_MS)
      budget.sweep()
      expect(budget.callers).toBe(0)
    })

    it('is one for each caller, whatever its name', async () => {
      const names = [
        'ann',
        'Ann',
        'ann ',
        '__proto__',
        'constructor',
        '',
        'service\nann',
        'ä\u{1F600}',
      ]
      for (const each of names) expect(await allowedOf(20, budget, each)).toBe(LIMIT)
    })

    it('takes nothing for what it refuses: what is smaller may still fit', async () => {
      expect(await charge(8)).toBe(true)
      expect(await charge(3)).toBe(false)
      expect(await charge(2)).toBe(true)
      expect(await charge(1)).toBe(false)
    })

    it('refuses what is larger than all of it, and is not used up by that', async () => {
      expect(await charge(LIMIT + 1)).toBe(false)
      expect(await charge(LIMIT)).toBe(true)
    })

    it('has no end where the limit is 0, and keeps nothing then', async () => {
      for (let times = 0; times < 20; times += 1) expect(await charge(100, 0)).toBe(true)
      expect(await charge(LIMIT)).toBe(true)
    })

    it('costs nothing for what costs nothing, even when it is used up', async () => {
      expect(await charge(LIMIT)).toBe(true)
      expect(await charge(0)).toBe(true)
    })

    it('allows more at once where a caller becomes an admin, and no less again', async () => {
      expect(await charge(LIMIT)).toBe(true)
      expect(await charge(80, 100)).toBe(true)
      expect(await charge(1)).toBe(false)
      expect(await charge(11, 100)).toBe(false)
    })

    it('counts what comes anyway, beyond the limit too', async () => {
      for (let used = 1; used <= LIMIT + 2; used += 1) {
        expect(await budget.count('ann')).toMatchObject({ used })
      }
      expect(await charge(1)).toBe(false)
      expect(await charge(1, LIMIT + 3)).toBe(true)
    })

    it('says what is left, and when to come back', async () => {
      await charge(8)
      expect(budget.left('ann', LIMIT)).toMatch(/^"publishing"; r=2; t=(60|59)$/)
      const refusal = await budget.charge('ann', 3, LIMIT).catch((error: unknown) => error)
      expect(refusal).toBeInstanceOf(SyncError)
      expect((refusal as SyncError).message).toMatch(
        /^the limit for publishing, 10 in 60 s, leaves 2 for now; come back in (60|59) s$/,
      )
      expect((refusal as SyncError).headers['RateLimit-Policy']).toBe('"publishing"; q=10; w=60')
    })

    it('answers in the order in which it was asked, at once or not', async () => {
      const answers: string[] = []
      const ask = (label: string, key: string, cost: number, limit = LIMIT) =>
        budget.charge(key, cost, limit).then(
          () => answers.push(label),
          () => answers.push(`${label} refused`),
        )
      await charge(LIMIT)
      await Promise.all([
        ask('1', 'bob', 1),
        ask('2', 'bob', 1, 0),
        ask('3', 'ann', 1),
        ask('4', 'bob', 0),
        ask('5', 'cat', LIMIT + 1),
        ask('6', 'bob', 1),
      ])
      expect(answers).toEqual(['1', '2', '3 refused', '4', '5 refused', '6'])
    })

    it('counts so many callers at most; the one whose window began first is forgotten', async () => {
      await begin(LONG_MS, 3)
      for (const each of ['a', 'b', 'c', 'd']) {
        expect(await isAllowed(budget, each, LIMIT)).toBe(true)
        await passTime(5)
      }
      for (const each of ['b', 'c', 'd']) expect(await isAllowed(budget, each, 1)).toBe(false)
      expect(await isAllowed(budget, 'a', LIMIT)).toBe(true)
    })
  })
}
