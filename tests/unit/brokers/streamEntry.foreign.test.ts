// What stands in the stream and is no entry: a word of an operator's, or of a version to come.

import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { fromFields } from '../../../server/brokers/redis/streamEntry.js'

const SOUND = {
  v: '4-0',
  m: '{"kind":"message","id":"i","type":"test","audience":["*"]}',
  a: 'n1:7:2',
  c: 'l',
}
const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const changed = (changes: Readonly<Record<string, string>>): string[] =>
  Object.entries({ ...SOUND, ...changes }).flat()

describe('what no node wrote', () => {
  it('is told from what one did', () => {
    expect(fromFields('5-0', changed({}))).toMatchObject({ id: '5-0', previous: '4-0' })
  })

  it.each([
    ['no JSON', 'nonsense'],
    ['nothing', ''],
    ['no object', 'null'],
    ['a number', '7'],
    ['an array', '[]'],
    ['of another kind', '{"kind":"other","audience":["*"]}'],
    ['without an audience', '{"kind":"message","id":"i","type":"test"}'],
    ['with an audience that is none', '{"kind":"resync","audience":"*"}'],
    ['with an audience of other things', '{"kind":"resync","audience":[1]}'],
    ['without an id', '{"kind":"message","type":"test","audience":["*"]}'],
    ['without a type', '{"kind":"message","id":"i","audience":["*"]}'],
  ])('is ignored where what it says is %s', (_, m) => {
    expect(fromFields('5-0', changed({ m }))).toBeUndefined()
  })

  it('throws nothing, whatever it is', () => {
    const names = fc.constantFrom('v', 'm', 'p', 'a', 'c', 'b', '__proto__')
    const value = fc.oneof(text, fc.json())
    fc.assert(
      fc.property(fc.array(fc.tuple(names, value)), (pairs) => {
        const entry = fromFields('5-0', pairs.flat())
        if (entry !== undefined) expect(Array.isArray(entry.item.audience)).toBe(true)
      }),
    )
  })
})
