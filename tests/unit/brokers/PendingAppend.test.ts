import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { PendingAppend } from '../../../server/brokers/redis/PendingAppend.js'
import type { StreamEntry } from '../../../server/brokers/redis/streamEntry.js'

beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => {
  jest.useRealTimers()
})

const entryOf = (publication: number, id: string, isLast = true): StreamEntry => ({
  id,
  previous: '0-0',
  item: { kind: 'resync', audience: ['*'] },
  mark: '',
  tag: { node: 'n', append: 1, publication },
  isLast,
  isCounted: true,
})

/** How a promise stands, once everything has run that could settle it. */
async function stateOf<Value>(promise: Promise<Value>): Promise<Value | 'waits'> {
  await jest.advanceTimersByTimeAsync(0)
  return Promise.race([promise, Promise.resolve('waits' as const)])
}

describe('an append', () => {
  it('is read once the last entry of each publication that is asked for was', async () => {
    const pending = new PendingAppend(3)
    const read = pending.untilRead([0, 2], 1000)
    pending.read(entryOf(0, '5-0', false), 0)
    pending.read(entryOf(2, '5-2'), 0)
    expect(await stateOf(read)).toBe('waits')
    pending.read(entryOf(0, '5-1'), 0)
    expect(await stateOf(read)).toBe(true)
    expect([pending.idOf(0), pending.idOf(1), pending.idOf(2)]).toEqual(['5-1', undefined, '5-2'])
  })

  it('is read at once where it was before, or nothing is asked for', async () => {
    const pending = new PendingAppend(1)
    pending.read(entryOf(0, '5-0'), 0)
    expect(await stateOf(pending.untilRead([0], 1000))).toBe(true)
    expect(await stateOf(new PendingAppend(1).untilRead([], 1000))).toBe(true)
  })

  it('is not waited for beyond its time, and says what it knows by then', async () => {
    const pending = new PendingAppend(1)
    const read = pending.untilRead([0], 1000)
    await jest.advanceTimersByTimeAsync(999)
    expect(await stateOf(read)).toBe('waits')
    await jest.advanceTimersByTimeAsync(1)
    expect(await stateOf(read)).toBe(false)
    pending.read(entryOf(0, '5-0'), 0)
    expect(await read).toBe(false)
    expect(jest.getTimerCount()).toBe(0)
  })

  it('leaves no timer behind where it was read', async () => {
    const pending = new PendingAppend(1)
    const read = pending.untilRead([0], 1000)
    pending.read(entryOf(0, '5-0'), 0)
    await read
    expect(jest.getTimerCount()).toBe(0)
  })

  it('makes nothing of a publication that it does not have', () => {
    const pending = new PendingAppend(1)
    pending.read(entryOf(1, '5-0'), 3)
    pending.answered('b', 1, 3)
    expect([pending.idOf(0), pending.recipientsOf(0), pending.recipientsOf(1)]).toEqual([
      undefined,
      0,
      0,
    ])
  })
})

describe('the count of an append', () => {
  it('is that of all entries here, and of all nodes that were asked', async () => {
    const pending = new PendingAppend(2)
    pending.ask(['b', 'c'])
    const counted = pending.untilCounted()
    pending.read(entryOf(0, '5-0', false), 2)
    pending.read(entryOf(0, '5-1'), 3)
    pending.answered('b', 0, 10)
    expect(await stateOf(counted)).toBe('waits')
    pending.answered('c', 0, 100)
    expect(await stateOf(counted)).toBe(true)
    expect([pending.recipientsOf(0), pending.recipientsOf(1)]).toEqual([115, 0])
  })

  it('waits for nobody where nobody was asked', async () => {
    const pending = new PendingAppend(1)
    expect(await stateOf(pending.untilCounted())).toBe(true)
    pending.ask([])
    expect(await stateOf(pending.untilCounted())).toBe(true)
  })

  it('is not complete where a node stays silent for 200 ms', async () => {
    const pending = new PendingAppend(1)
    pending.ask(['b', 'c'])
    const counted = pending.untilCounted()
    pending.answered('b', 0, 4)
    await jest.advanceTimersByTimeAsync(199)
    expect(await stateOf(counted)).toBe('waits')
    await jest.advanceTimersByTimeAsync(1)
    expect(await stateOf(counted)).toBe(false)
    expect(pending.recipientsOf(0)).toBe(4)
  })

  it('takes an answer of a node that nobody knew of as well', async () => {
    const pending = new PendingAppend(1)
    pending.ask(['b'])
    const counted = pending.untilCounted()
    pending.answered('new', 0, 1)
    expect(await stateOf(counted)).toBe('waits')
    pending.answered('b', 0, 1)
    expect(await counted).toBe(true)
    expect(pending.recipientsOf(0)).toBe(2)
  })
})
