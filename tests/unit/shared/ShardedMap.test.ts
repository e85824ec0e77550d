import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ShardedMap } from '../../../shared/ShardedMap.js'

const keys = fc.oneof(
  fc.constantFrom('', '*', '__proto__', 'constructor', 'u:\u{1F600}', 'u:é', 'u:e\u0301'),
  fc.integer({ min: 0, max: 300 }).map((n) => `u:${n}`),
)
const acts = fc.constantFrom('set', 'set', 'set', 'delete', 'clear')

describe('a sharded map', () => {
  it('holds what a Map holds', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(acts, keys), { maxLength: 200 }), (script) => {
        const map = new Map<string, number>()
        const sharded = new ShardedMap<number>()
        for (const [value, [act, key]] of script.entries()) {
          for (const each of [map, sharded]) {
            if (act === 'set') each.set(key, value)
            else if (act === 'delete') each.delete(key)
            else each.clear()
          }
          expect([sharded.size, sharded.get(key)]).toEqual([map.size, map.get(key)])
        }
        for (const [key, value] of map) expect(sharded.get(key)).toBe(value)
      }),
    )
  })
})
