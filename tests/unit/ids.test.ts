import { describe, expect, it } from '@jest/globals'
import { createNewId } from '../../server/ids.js'

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** More than are made of one fetch of random bytes. */
const MANY = 1000

function ids(count: number, wallNow: () => number): string[] {
  const newId = createNewId(wallNow)
  return Array.from({ length: count }, newId)
}

describe('ids', () => {
  it('are UUIDs of version 7 that begin with the time', () => {
    const ms = 0x0123_4567_89ab
    for (const id of ids(3, () => ms)) {
      expect(id).toMatch(UUID_V7)
      expect(id).toMatch(/^01234567-89ab-/)
    }
  })

  it.each<[string, () => () => number]>([
    ['within one millisecond', () => () => 1_800_000_000_000],
    [
      'while time passes',
      () => {
        let now = 1_800_000_000_000
        return () => (now += 1)
      },
    ],
    [
      'while the clock is set back',
      () => {
        let now = 1_800_000_000_000
        return () => (now -= 7)
      },
    ],
  ])('rise %s', (_when, clock) => {
    const made = ids(MANY, clock())
    expect(made).toEqual([...new Set(made)].sort())
  })

  it('of two servers in one process are different, at the same time too', () => {
    const both = [ids(MANY, () => 1_800_000_000_000), ids(MANY, () => 1_800_000_000_000)].flat()
    expect(new Set(both).size).toBe(2 * MANY)
    const tails = both.map((id) => id.slice(-12))
    expect(new Set(tails).size).toBe(2 * MANY)
  })
})
