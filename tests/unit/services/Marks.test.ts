import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Marks } from '../../../server/services/Marks.js'
import { comparePositions, ORIGIN, type Position } from '../../../shared/cursor.js'
import { at } from '../../support/entries.js'

const mark = (ms: number) => ({ position: at(ms), reason: 'evicted' as const })

describe('marks', () => {
  it('say of an audience that lost nothing that it lost nothing', () => {
    const marks = new Marks(2)
    marks.raise('a', mark(5))
    expect(marks.of('b').position).toEqual(ORIGIN)
  })

  it('say of each audience the last thing that it lost, and why', () => {
    const marks = new Marks(2)
    marks.raise('a', mark(5))
    marks.raise('b', { position: at(6), reason: 'expired' })
    marks.raise('a', mark(7))
    expect(marks.of('a')).toEqual(mark(7))
    expect(marks.of('b')).toEqual({ position: at(6), reason: 'expired' })
    expect(marks.size).toBe(2)
  })

  it('over their bound forget the one that was raised longest ago, and raise the floor to it', () => {
    const marks = new Marks(2)
    marks.raise('a', mark(1))
    marks.raise('b', mark(2))
    marks.raise('a', mark(3))
    marks.raise('c', mark(4))
    expect(marks.size).toBe(2)
    expect(marks.of('a')).toEqual(mark(3))
    expect(marks.of('c')).toEqual(mark(4))
    expect(marks.of('b')).toEqual(mark(2))
    expect(marks.of('never heard of')).toEqual(mark(2))
  })

  it('say of what nobody has seen that every audience may have lost it', () => {
    const marks = new Marks(2)
    marks.raise('a', mark(5))
    marks.raise('b', mark(9))
    const unseen = { position: at(7), reason: 'expired' as const }
    marks.raiseAll(unseen)
    expect([marks.of('a'), marks.of('b'), marks.of('c')]).toEqual([unseen, mark(9), unseen])
    marks.raise('a', mark(8))
    expect(marks.of('a')).toEqual(mark(8))
    expect(marks.size).toBe(2)
  })

  it('never take back what nobody has seen, until there is another log', () => {
    const marks = new Marks(1)
    marks.raiseAll(mark(7))
    marks.raiseAll(mark(6))
    for (const key of ['a', 'b']) marks.raise(key, mark(1))
    expect([marks.of('a'), marks.of('b'), marks.floor]).toEqual([mark(7), mark(7), mark(7)])
    marks.clear()
    expect([marks.of('a').position, marks.floor.position]).toEqual([ORIGIN, ORIGIN])
  })

  it('never stay silent of a loss, and are exact until the bound is reached', () => {
    const raise = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), ms: fc.nat(50) })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(raise), (maxMarks, raises) => {
        const marks = new Marks(maxMarks)
        const lost = new Map<string, Position>()
        let floor = ORIGIN
        for (const raised of raises) {
          // An audience loses in order; what another lost meanwhile may lie before or after.
          const { key } = raised
          const ms = Math.max(raised.ms, lost.get(key)?.ms ?? 0)
          marks.raise(key, mark(ms))
          lost.set(key, at(ms))
          expect(marks.size).toBeLessThanOrEqual(maxMarks)
          for (const [each, position] of lost) {
            const told = marks.of(each).position
            expect(comparePositions(told, position)).toBeGreaterThanOrEqual(0)
            if (lost.size <= maxMarks) expect(told).toEqual(position)
          }
          const { position } = marks.of('never heard of')
          expect(comparePositions(position, floor)).toBeGreaterThanOrEqual(0)
          floor = position
        }
      }),
    )
  })
})
