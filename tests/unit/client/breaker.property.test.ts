// How often links may be opened, whatever asks for them.

import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createBreaker } from '../../../client/connection/breaker.js'

/** The most of `times` that lie within any window of this length. */
function mostWithin(times: readonly number[], ms: number): number {
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + ms).length))
}

it('lets no more than 5 attempts start in any 500 ms, and no more than 44 in any minute', () => {
  const pauses = fc.array(fc.oneof(fc.constant(0), fc.nat(100), fc.nat(20_000)), {
    minLength: 1,
    maxLength: 300,
    size: 'max',
  })
  fc.assert(
    fc.property(pauses, (ms) => {
      let now = 0
      const breaker = createBreaker(() => now)
      const starts = ms.flatMap((pause) => {
        now += pause
        const wait = breaker.take()
        // Only a few ever wait at a time.
        if (wait > 6 * 1500) breaker.giveBack()
        return wait > 6 * 1500 ? [] : now + wait
      })
      expect(mostWithin(starts, 500)).toBeLessThanOrEqual(5)
      expect(mostWithin(starts, 60_000)).toBeLessThanOrEqual(44)
    }),
  )
})

it('never keeps the first of them waiting', () => {
  const breaker = createBreaker(() => 0)
  expect([breaker.take(), breaker.take(), breaker.take(), breaker.take()]).toEqual([0, 0, 0, 0])
  expect(breaker.take()).toBeGreaterThan(0)
})

it('gives a place back that was not used', () => {
  const breaker = createBreaker(() => 0)
  for (let times = 0; times < 50; times += 1) {
    expect(breaker.take()).toBe(0)
    breaker.giveBack()
  }
})
