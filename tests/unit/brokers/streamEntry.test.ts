import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Appendable } from '../../../server/brokers/Entry.js'
import { fromFields, positionAt, toFields } from '../../../server/brokers/redis/streamEntry.js'

const NAMES = ['m', 'p', 'b', 'a', 'c'] as const
const TAG = { node: 'n1', append: 7, publication: 2 }
const ONE: Appendable = { kind: 'message', id: 'i', type: 'test', audience: ['*'] }

/** The fields of an entry as the append script adds them and Redis gives them back. */
function written(item: Appendable, marking: Parameters<typeof toFields>[1], previous: string) {
  const values = toFields(item, marking)
  expect(values).toHaveLength(NAMES.length)
  return ['v', previous, ...NAMES.flatMap((name, index) => [name, values[index] ?? ''])]
}

const marked = { tag: TAG, isLast: true, isCounted: false }
const pairsOf = (fields: readonly string[]): string[][] =>
  Array.from({ length: fields.length / 2 }, (_, n) => fields.slice(2 * n, 2 * n + 2))

/** Those of a sound entry with some of them changed, or gone. */
function changed(changes: Readonly<Record<string, string | undefined>>): string[] {
  const sound = Object.fromEntries(pairsOf(written(ONE, marked, '4-0'))) as Record<string, string>
  const fields: Record<string, string | undefined> = { ...sound, ...changes }
  return Object.entries(fields).flatMap(([name, text]) => (text === undefined ? [] : [name, text]))
}

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const id = fc.tuple(fc.nat(2 ** 41), fc.nat(1000)).map(([ms, counter]) => `${ms}-${counter}`)
const audience = fc.array(text, { maxLength: 5 })
const payloadJson = fc.json().filter((json) => json !== '')
const message = fc.record(
  {
    kind: fc.constant('message' as const),
    id: fc.uuid(),
    type: text,
    audience,
    payloadJson,
    userId: text,
    roles: fc.array(text, { minLength: 1, maxLength: 3 }),
    topics: fc.array(text, { minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: ['kind', 'id', 'type', 'audience'] },
)
const resync = fc.record({ kind: fc.constant('resync' as const), audience })
const marking = fc.record({
  tag: fc.record({
    node: fc.stringMatching(/^[a-z0-9]{1,16}$/),
    append: fc.nat(),
    publication: fc.nat(100),
  }),
  isLast: fc.boolean(),
  isCounted: fc.boolean(),
})

describe('an entry of the stream', () => {
  it('gives back all that was written, whatever it holds', () => {
    fc.assert(
      fc.property(fc.oneof(message, resync), marking, id, id, (item, given, ownId, previous) => {
        const entry = fromFields(ownId, written(item, given, previous))
        const { node, append, publication } = given.tag
        const mark = `${node}:${append}:${publication}`
        expect(entry).toEqual({ id: ownId, previous, mark, item, ...given })
      }),
    )
  })

  it('carries a payload to the byte, and none where there is none', () => {
    const payloads = ['{"__proto__":{"n":1}}', '[1.0,1e2]', '""', '0', 'null', '"\\u0000\\n"']
    for (const payload of payloads) {
      const item = { ...ONE, payloadJson: payload }
      const entry = fromFields('5-0', written(item, marked, '4-0'))
      expect(entry?.item).toMatchObject({ payloadJson: payload })
    }
    expect(fromFields('5-0', written(ONE, marked, '4-0'))?.item).not.toHaveProperty('payloadJson')
  })

  it('costs at least what it takes in Redis, in bytes', () => {
    const item = { ...ONE, payloadJson: JSON.stringify('ü'.repeat(1000)) }
    const [head = '', payload = '', cost] = toFields(item, marked)
    expect(Number(cost)).toBeGreaterThanOrEqual(2000 + Buffer.byteLength(head))
    expect(payload).toBe(item.payloadJson)
    expect(Number.isSafeInteger(Number(cost))).toBe(true)
  })

  it('takes the fields in any order, and leaves out those it does not know', () => {
    expect(fromFields('5-0', changed({ extra: 'z' }))).toEqual(fromFields('5-0', changed({})))
    const pairs = pairsOf(changed({}))
    expect(fromFields('5-0', pairs.toReversed().flat())).toEqual(fromFields('5-0', pairs.flat()))
  })
})

describe('what no node wrote', () => {
  it.each(['v', 'm', 'a'])('is ignored where it has no %s', (name) => {
    expect(fromFields('5-0', changed({ [name]: undefined }))).toBeUndefined()
  })
})

describe('the id of an entry', () => {
  it('is a position', () => {
    expect(positionAt('1763650000000-3')).toEqual({ ms: 1763650000000, counter: 3 })
    expect(positionAt('0-0')).toEqual({ ms: 0, counter: 0 })
    expect(positionAt('5')).toEqual({ ms: 5, counter: 0 })
  })
})
