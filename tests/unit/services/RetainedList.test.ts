import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type Retained, RetainedList } from '../../../server/services/RetainedList.js'
import { at, messageAt } from '../../support/entries.js'

function retained(ms: number, bytes: number): Retained {
  return {
    entry: messageAt(at(ms)),
    ...at(ms),
    at: ms,
    textBytes: bytes,
    bytes,
    references: 1,
    older: undefined,
    newer: undefined,
  }
}

function fromOldest(list: RetainedList): Retained[] {
  const items: Retained[] = []
  for (let item = list.oldest; item !== undefined; item = item.newer) items.push(item)
  return items
}

describe('the list of what is retained', () => {
  it('starts empty', () => {
    const list = new RetainedList()
    expect([list.oldest, list.size, list.bytes]).toEqual([undefined, 0, 0])
  })

  it('is a plain array from which anything may be taken, with its size and bytes', () => {
    const step = fc.record({ add: fc.boolean(), pick: fc.nat(), bytes: fc.nat(100) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const list = new RetainedList()
        const model: Retained[] = []
        for (const [index, { add, pick, bytes }] of steps.entries()) {
          if (add || model.length === 0) {
            const item = retained(index, bytes)
            list.add(item)
            model.push(item)
          } else {
            const [item] = model.splice(pick % model.length, 1)
            list.remove(item!)
          }
          const items = fromOldest(list)
          expect(items.map(({ ms }) => ms)).toEqual(model.map(({ ms }) => ms))
          expect(items.map(({ older }) => older?.ms)).toEqual([
            ...(model.length > 0 ? [undefined] : []),
            ...model.slice(0, -1).map(({ ms }) => ms),
          ])
          expect(list.size).toBe(model.length)
          expect(list.bytes).toBe(model.reduce((sum, item) => sum + item.bytes, 0))
        }
      }),
    )
  })

  it('lets go of an item that is taken out: it leads to no other', () => {
    const list = new RetainedList()
    const items = [1, 2, 3].map((ms) => retained(ms, 1))
    for (const item of items) list.add(item)
    list.remove(items[1]!)
    expect([items[1]!.older, items[1]!.newer]).toEqual([undefined, undefined])
  })
})
