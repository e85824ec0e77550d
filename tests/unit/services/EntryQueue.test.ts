import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it, jest } from '@jest/globals'
import fc from 'fast-check'
import { EntryQueue } from '../../../server/services/EntryQueue.js'
import { comparePositions, type Position } from '../../../shared/cursor.js'
import { at } from '../../support/entries.js'

function filled(count: number): EntryQueue<Position> {
  const queue = new EntryQueue<Position>()
  for (let ms = 1; ms <= count; ms += 1) queue.push(at(ms))
  return queue
}

/** Adds items that nobody else holds. */
function pushWeakly(queue: EntryQueue<Position>, count: number): WeakRef<Position>[] {
  return Array.from({ length: count }, (_, ms) => {
    const item = at(ms)
    queue.push(item)
    return new WeakRef(item)
  })
}

describe('a queue of entries', () => {
  it('is the same as a plain array, whatever is added and removed', () => {
    const step = fc.constantFrom('push', 'push', 'push', 'shift', 'shift')
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), fc.nat({ max: 400 }), (steps, asked) => {
        const queue = new EntryQueue<Position>()
        const model: Position[] = []
        for (const [index, kind] of steps.entries()) {
          if (kind === 'push') {
            queue.push(at(index * 2))
            model.push(at(index * 2))
          } else if (model.length > 0) {
            queue.shift()
            model.shift()
          }
          expect(queue.size).toBe(model.length)
          expect(queue.first).toEqual(model[0])
        }
        expect(model.map((_, index) => queue.at(index))).toEqual(model)
        const position = at(asked)
        const after = model.filter((item) => comparePositions(item, position) > 0)
        expect(queue.indexAfter(position)).toBe(model.length - after.length)
      }),
    )
  })

  it('has nothing before its first item nor after its last, removed items included', () => {
    const queue = filled(5)
    queue.shift()
    queue.shift()
    expect(queue.at(3)).toBeUndefined()
    expect(queue.at(-1)).toBeUndefined()
    expect(queue.at(-2)).toBeUndefined()
  })

  it('finds a place by looking at few items', () => {
    const queue = filled(10_000)
    let looked = 0
    const index = queue.firstIndexWhere(({ ms }) => {
      looked += 1
      return ms > 7777
    })
    expect(index).toBe(7777)
    expect(looked).toBeLessThanOrEqual(14)
  })

  it('takes an item out without moving the others each time', () => {
    const queue = filled(10_000)
    const slice = jest.spyOn(Array.prototype, 'slice')
    while (queue.size > 0) queue.shift()
    const copies = slice.mock.results.map(({ value }) => (value as unknown[]).length)
    slice.mockRestore()
    const moved = copies.reduce((sum, length) => sum + length, 0)
    expect(moved).toBeGreaterThan(0)
    expect(moved).toBeLessThanOrEqual(10_000)
  })

  it('does not keep what has been taken out', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const queue = new EntryQueue<Position>()
    const taken = pushWeakly(queue, 20)
    queue.push(at(100))
    while (queue.size > 1) queue.shift()
    await new Promise((resolve) => setImmediate(resolve))
    collect()
    expect(taken.filter((item) => item.deref() !== undefined)).toHaveLength(0)
    expect(queue.first).toEqual(at(100))
  })
})
