// The same property where some frames are deflated and some are not, and readers change between
// sockets that take that, streams, and polls whose large pages are compressed.

import { afterEach, expect, it, jest } from '@jest/globals'
import fc from 'fast-check'
import { DeflatedFormat } from '../../../server/transports/DeflatedFormat.js'
import { run } from './run.js'
import { TERRAINS, walkOn } from './walk.js'

const SOAK = process.env.SOAK === '1' ? 5 : 1
const RUNS = 12 * SOAK
const TIMEOUT_MS = 120_000 * SOAK

afterEach(() => {
  jest.restoreAllMocks()
})

it.each(['roomy', 'crowded'] as const)(
  'with compression, on %s ground, a reader gets what the log holds for it',
  async (terrain) => {
    // There are never enough readers in a walk for it to be worth it.
    jest
      .spyOn(DeflatedFormat.prototype, 'isWorthIt')
      .mockImplementation(({ ms, counter }) => (ms + counter) % 2 === 0)
    const savedIn = jest.spyOn(DeflatedFormat.prototype, 'savedIn')
    await fc.assert(
      fc.asyncProperty(walkOn(TERRAINS[terrain]), async (walk) => {
        expect(await run(walk, { compression: true })).toEqual([])
      }),
      { numRuns: RUNS, endOnFailure: true },
    )
    const saved = savedIn.mock.results.map(({ value }) => value as number)
    expect(saved.some((bytes) => bytes > 0)).toBe(true)
    expect(saved.some((bytes) => bytes === 0)).toBe(true)
  },
  TIMEOUT_MS,
)
