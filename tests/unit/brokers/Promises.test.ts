import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Promises } from '../../../server/brokers/redis/Promises.js'

const idOf = (n: number) => `${1_763_650_000_000 + Math.floor(n / 3)}-${n % 3}`

function promised(...ids: readonly number[]): Promises {
  const promises = new Promises()
  for (const n of ids) promises.add(idOf(n))
  return promises
}

describe('entries that Redis has acknowledged and that are yet to be read', () => {
  it('break nothing where there are none', () => {
    expect(promised().isBrokenBy(idOf(1))).toBe(false)
    expect(promised().last).toBeUndefined()
  })

  it('are missing where the log passes one over', () => {
    const promises = promised(2, 4)
    expect([1, 2, 3, 4, 5].map((n) => promises.isBrokenBy(idOf(n)))).toEqual([
      false,
      false,
      true,
      true,
      true,
    ])
    promises.settle(idOf(2))
    expect([3, 4, 5].map((n) => promises.isBrokenBy(idOf(n)))).toEqual([false, false, true])
  })

  it('are missing also where a later one was acknowledged meanwhile', () => {
    const promises = promised(2)
    promises.add(idOf(3))
    expect(promises.last).toBe(idOf(3))
    expect(promises.isBrokenBy(idOf(3))).toBe(true)
  })

  it('are settled with all that is before', () => {
    const promises = promised(1, 2, 3)
    promises.settle(idOf(3))
    expect(promises.last).toBeUndefined()
    expect(promises.isBrokenBy(idOf(9))).toBe(false)
  })

  it('say nothing new where they are said again, or out of order', () => {
    const promises = promised(2, 4)
    for (const n of [4, 3, 2, 1]) promises.add(idOf(n))
    promises.settle(idOf(2))
    expect(promises.isBrokenBy(idOf(4))).toBe(false)
    expect(promises.last).toBe(idOf(4))
  })

  it('miss none that is lost, and no other, in whatever order things happen', () => {
    const acts = fc.array(fc.record({ adds: fc.nat(3), reads: fc.nat(3) }), { maxLength: 30 })
    fc.assert(
      fc.property(acts, fc.nat(60), fc.boolean(), (given, lost, isAnyLost) => {
        const promises = new Promises()
        const waiting: number[] = []
        let added = 0
        for (const { adds, reads } of given) {
          for (let n = 0; n < adds; n += 1) {
            added += 1
            promises.add(idOf(added))
            waiting.push(added)
          }
          for (const read of waiting.splice(0, reads)) {
            if (isAnyLost && read === lost) continue
            const isPassedOver = isAnyLost && lost > 0 && lost < read
            expect(promises.isBrokenBy(idOf(read))).toBe(isPassedOver)
            if (isPassedOver) return
            promises.settle(idOf(read))
          }
        }
      }),
    )
  })

  it('cost no more the more there are', () => {
    const promises = new Promises()
    const many = 10_000
    for (let n = 0; n < many; n += 1) promises.add(idOf(n))
    const from = process.cpuUsage()
    for (let n = 0; n < many; n += 1) promises.settle(idOf(n))
    const { user, system } = process.cpuUsage(from)
    expect((user + system) / 1000).toBeLessThan(1000)
  })

  it('are bounded: of too many the last ones are known', () => {
    const promises = new Promises()
    for (let n = 0; n < 20_000; n += 1) promises.add(idOf(n))
    expect(promises.isBrokenBy(idOf(5000))).toBe(false)
    expect(promises.isBrokenBy(idOf(19_999))).toBe(true)
  })
})
