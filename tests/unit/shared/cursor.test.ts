import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  comparePositions,
  formatCursor,
  laterOf,
  ORIGIN,
  type Position,
  parseCursor,
  parseSince,
} from '../../../shared/cursor.js'

const positions = fc.record({
  ms: fc.nat({ max: 2_000_000_000_000 }),
  counter: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
})
const epochs = fc.stringMatching(/^[a-z0-9]{6,16}$/)

/** Positions as one number each, the way nothing can be got wrong. */
const place = ({ ms, counter }: Position) => (BigInt(ms) << 64n) + BigInt(counter)

describe('a cursor', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(positions, epochs, (position, epoch) => {
        expect(parseCursor(formatCursor(position, epoch))).toEqual({ ...position, epoch })
      }),
    )
  })

  it('looks like a stream id with the epoch behind it', () => {
    expect(formatCursor({ ms: 1763650000000, counter: 3 }, 'k3f9q2')).toBe('1763650000000-3.k3f9q2')
  })

  it.each([
    '',
    '1-2',
    '1-2.',
    '1-2.ABCDEF',
    '1-2.abcde',
    '1-2.abcdefghijklmnopq',
    '-1-2.abcdef',
    '1--2.abcdef',
    '1.5-2.abcdef',
    '12345678901234567-0.abcdef',
    '1-123456789012345678901.abcdef',
    '1-2.abcdef\n',
    ' 1-2.abcdef',
    '$',
    '>',
    '1-*.abcdef',
  ])('is not %j', (text) => {
    expect(parseCursor(text)).toBeUndefined()
  })

  it('with more digits than a number holds is far ahead of every real one', () => {
    const far = parseCursor(`9999999999999999-${'9'.repeat(20)}.abcdef`)
    expect(comparePositions(far!, { ms: 8.64e15, counter: 0 })).toBeGreaterThan(0)
    const crowded = parseCursor(`1763650000000-${'9'.repeat(20)}.abcdef`)
    expect(comparePositions(crowded!, { ms: 1763650000000, counter: 1e15 })).toBeGreaterThan(0)
  })
})

describe('positions', () => {
  it('are ordered by millisecond, then by counter', () => {
    const close = fc.record({ ms: fc.nat({ max: 3 }), counter: fc.nat({ max: 3 }) })
    fc.assert(
      fc.property(fc.oneof(close, positions), fc.oneof(close, positions), (a, b) => {
        const expected = place(a) === place(b) ? 0 : place(a) < place(b) ? -1 : 1
        expect(Math.sign(comparePositions(a, b))).toBe(expected)
        expect(place(laterOf(a, b))).toBe(expected >= 0 ? place(a) : place(b))
      }),
    )
  })

  it('all come after the origin, or are it', () => {
    fc.assert(
      fc.property(positions, (position) => {
        expect(comparePositions(position, ORIGIN)).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})

describe('since', () => {
  it.each([
    ['now', { kind: 'now' }],
    ['0', { kind: 'oldest' }],
    [0, { kind: 'oldest' }],
    ['1763650000000', { kind: 'timestamp', ms: 1763650000000 }],
    [1763650000000, { kind: 'timestamp', ms: 1763650000000 }],
    ['7-1.abcdef', { kind: 'cursor', cursor: { ms: 7, counter: 1, epoch: 'abcdef' } }],
  ])('%j is read as %j', (value, expected) => {
    expect(parseSince(value)).toEqual(expected)
  })

  it.each([
    '',
    'NOW',
    'null',
    '-1',
    '1.5',
    '1e3',
    '+1',
    ' 1',
    '12345678901234567',
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    null,
    undefined,
    true,
    ['now'],
    { kind: 'now' },
  ])('%j is none', (value) => {
    expect(parseSince(value)).toBeUndefined()
  })
})
