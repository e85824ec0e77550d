import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { OldestFirst } from '../../../shared/OldestFirst.js'

const steps = fc.array(
  fc.record({
    act: fc.constantFrom('set', 'set', 'delete', 'look', 'look', 'take', 'clear'),
    key: fc.integer({ min: 0, max: 6 }).map(String),
  }),
  { maxLength: 60 },
)

describe('what is kept oldest first', () => {
  it('is in the order of a Map, whatever is set, deleted and looked for', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const map = new Map<string, number>()
        const kept = new OldestFirst<number>()
        for (const [value, { act, key }] of script.entries()) {
          const [first] = map
          if (act === 'set') for (const each of [map, kept]) each.set(key, value)
          if (act === 'delete') expect(kept.delete(key)).toBe(map.delete(key))
          if (act === 'look') expect(kept.oldest).toEqual(first)
          if (act === 'take' && first !== undefined) {
            expect(kept.oldest).toEqual(first)
            for (const each of [map, kept]) each.delete(first[0])
          }
          if (act === 'clear') for (const each of [map, kept]) each.clear()
          expect(kept.size).toBe(map.size)
          expect(kept.get(key)).toBe(map.get(key))
        }
        expect([...kept]).toEqual([...map])
        expect(kept.oldest).toEqual([...map][0])
      }),
      { numRuns: 1000 },
    )
  })
})
