import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { MAX_DEPTH, payloadFault } from '../../../shared/payload.js'

function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 'leaf'
  for (let level = 0; level < depth; level += 1) value = wrap(value)
  return value
}

describe('a payload', () => {
  it('may be any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }), (value) => {
        expect(payloadFault(value)).toBeUndefined()
      }),
    )
  })

  it('may be absent, or have absent fields', () => {
    expect(payloadFault(undefined)).toBeUndefined()
    expect(payloadFault({ a: undefined })).toBeUndefined()
  })

  it.each([
    ['arrays', (inner: unknown) => [inner]],
    ['objects', (inner: unknown) => ({ a: inner })],
  ])('may nest %s 32 deep and no deeper', (_, wrap) => {
    expect(payloadFault(nested(MAX_DEPTH, wrap))).toBeUndefined()
    expect(payloadFault(nested(MAX_DEPTH + 1, wrap))?.message).toMatch(/nested at most 32 deep/)
  })

  it('that is nested so deep that it could not be encoded is refused, not thrown on', () => {
    expect(payloadFault(nested(100_000, (inner) => [inner]))?.message).toMatch(/nested/)
  })

  it('that contains itself is refused', () => {
    const loop: Record<string, unknown> = {}
    loop.self = loop
    expect(payloadFault(loop)?.message).toMatch(/nested/)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, JSON.parse('1e400')])(
    'refuses the number %p, which JSON would turn into null',
    (number) => {
      expect(payloadFault({ rows: [1, number] })).toEqual({
        path: ['rows', '1'],
        message: 'must be a finite number',
      })
    },
  )

  it('refuses a lone surrogate, in a text or in a key', () => {
    expect(payloadFault({ a: 'x\ud800' })).toEqual({
      path: ['a'],
      message: 'holds a lone surrogate',
    })
    expect(payloadFault({ a: { '\udc00': 1 } })).toEqual({
      path: ['a'],
      message: 'has a key with a lone surrogate',
    })
    expect(payloadFault('😀')).toBeUndefined()
  })

  it.each([
    ['a bigint', 1n],
    ['a symbol', Symbol('s')],
    ['a function', () => 1],
    ['a Map', new Map([['a', 1]])],
    ['a Set', new Set([1])],
    ['an instance of a class', new (class Row {})()],
    ['a boxed text', new String('x')],
  ])('refuses %s', (_, value) => {
    expect(payloadFault(value)).toBeDefined()
    expect(payloadFault([value])).toBeDefined()
  })

  it('takes what encodes itself, and judges what it encodes to', () => {
    expect(payloadFault({ when: new Date(0) })).toBeUndefined()
    expect(payloadFault({ toJSON: () => ({ n: Number.NaN }) })?.message).toMatch(/finite/)
    const itself = { toJSON: () => itself }
    expect(payloadFault(itself)).toBeDefined()
  })

  it('takes objects without a prototype, and a key named __proto__ as data', () => {
    expect(payloadFault(Object.assign(Object.create(null), { a: 1 }))).toBeUndefined()
    expect(payloadFault(JSON.parse('{"__proto__":{"a":1}}'))).toBeUndefined()
    expect(payloadFault(JSON.parse('{"__proto__":{"a":1e400}}'))?.path).toEqual(['__proto__', 'a'])
  })
})
