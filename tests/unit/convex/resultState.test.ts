import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { changesBetween, isNoChange, stateOf } from '../../../server/services/convex/resultState.js'

interface Document {
  readonly _id: string
  readonly n: number
}

const changes = (before: unknown, after: unknown) =>
  changesBetween(stateOf(before), stateOf(after), after as unknown[])

describe('the state of a result', () => {
  it('is the same in whatever order fields come, and another for any other content', () => {
    const digest = (json: unknown) => stateOf(json).digest
    expect(digest({ a: 1, b: { c: [1], d: null } })).toBe(digest({ b: { d: null, c: [1] }, a: 1 }))
    const others = [null, 0, '', [], {}, [[]], { a: 1 }, { a: '1' }, { b: 1 }, [1, 2], [2, 1]]
    expect(new Set(others.map(digest)).size).toBe(others.length)
  })

  it('is written down and read without a change', () => {
    const state = stateOf([{ _id: '__proto__', n: 1 }, { _id: 'b' }])
    expect(JSON.parse(JSON.stringify(state))).toEqual(state)
    expect(Object.keys(state.documents ?? {})).toEqual(['__proto__', 'b'])
  })

  it.each([
    ['no list', { page: [] }],
    ['a list of something else', [1, 2]],
    ['documents that have no id', [{ _id: 'a' }, {}]],
    ['documents that have the same id', [{ _id: 'a' }, { _id: 'a' }]],
  ])('knows no documents in %s', (_, json) => {
    expect(stateOf(json).documents).toBeUndefined()
    expect(changes([], json)).toBeUndefined()
    expect(changes(json, [])).toBeUndefined()
  })
})

describe('changes', () => {
  it('are what was added, changed and removed, in the order of the list', () => {
    const before = [
      { _id: 'a', n: 1 },
      { _id: 'b', n: 1 },
      { _id: 'c', n: 1 },
    ]
    const after = [
      { _id: 'e', n: 1 },
      { _id: 'c', n: 2 },
      { _id: 'd', n: 1 },
      { _id: 'a', n: 1 },
    ]
    expect(changes(before, after)).toEqual({
      added: [after[0], after[2]],
      changed: [after[1]],
      removed: ['b'],
    })
  })

  it('are none where only the order is another', () => {
    const [a, b] = [{ _id: 'a' }, { _id: 'b' }]
    const found = changes([a, b], [b, a])
    expect(found && isNoChange(found)).toBe(true)
  })

  it('make any list out of any other', () => {
    const list = fc.uniqueArray(
      fc.record({ _id: fc.constantFrom('a', 'b', 'c', 'd', 'e'), n: fc.nat(2) }),
      { selector: ({ _id }) => _id },
    )
    fc.assert(
      fc.property(list, list, (before, after) => {
        const made = new Map<string, Document>(before.map((document) => [document._id, document]))
        const { added, changed, removed } = changesBetween<Document>(
          stateOf(before),
          stateOf(after),
          after,
        )!
        for (const id of removed) expect(made.delete(id)).toBe(true)
        for (const { _id } of added) expect(made.has(_id)).toBe(false)
        for (const { _id, n } of changed) expect(made.get(_id)?.n).not.toBe(n)
        for (const document of [...added, ...changed]) made.set(document._id, document)
        expect([...made.values()].sort(byId)).toEqual([...after].sort(byId))
      }),
    )
  })
})

const byId = (a: Document, b: Document) => (a._id < b._id ? -1 : 1)
