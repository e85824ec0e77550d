import { beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { RedisClock } from '../../../server/brokers/redis/RedisClock.js'

let monotonicMs: number
let clock: RedisClock

beforeEach(() => {
  monotonicMs = 500
  clock = new RedisClock(() => monotonicMs)
})

describe("Redis's time as a node knows it", () => {
  it('is unknown until Redis has told it', () => {
    expect([clock.now, clock.lastKnown]).toEqual([undefined, undefined])
  })

  it('goes on with the clock that never jumps', () => {
    clock.set(1_000_000)
    monotonicMs += 1234
    expect([clock.now, clock.lastKnown]).toEqual([1_001_234, 1_001_234])
  })

  it('is what was told last, also where that is earlier', () => {
    clock.set(1_000_000)
    clock.set(400_000)
    monotonicMs += 1
    expect(clock.now).toBe(400_001)
  })

  it('is not sure where it may be that of another machine, until that has told', () => {
    clock.set(1_000_000)
    clock.forget()
    monotonicMs += 10
    expect([clock.now, clock.lastKnown]).toEqual([undefined, 1_000_010])
    clock.set(2_000_000)
    expect([clock.now, clock.lastKnown]).toEqual([2_000_000, 2_000_000])
  })

  it('stays unknown where there is nothing to forget', () => {
    clock.forget()
    expect([clock.now, clock.lastKnown]).toEqual([undefined, undefined])
  })

  it('is never later than it is there, however long answers take', () => {
    const answers = fc.array(fc.record({ pause: fc.nat(5000), delay: fc.nat(3000) }))
    fc.assert(
      fc.property(answers, fc.integer(), (given, aheadBy) => {
        let ms = 0
        const node = new RedisClock(() => ms)
        for (const { pause, delay } of given) {
          ms += pause
          const said = ms + aheadBy
          ms += delay
          node.set(said)
          expect(node.now).toBeLessThanOrEqual(ms + aheadBy)
          ms += pause
          expect(node.now).toBeLessThanOrEqual(ms + aheadBy)
        }
      }),
    )
  })
})
