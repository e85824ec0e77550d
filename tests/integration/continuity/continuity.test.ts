// Whatever a reader does and whatever is published meanwhile: what it gets after its cursor is
// the log, to the letter, or it is told that something was lost. See checker.ts for the property.

import { afterEach, describe, expect, it, jest } from '@jest/globals'
import fc from 'fast-check'
import { run } from './run.js'
import { TERRAINS, walkOn } from './walk.js'

const SOAK = process.env.SOAK === '1' ? 5 : 1
const RUNS = 20 * SOAK
const TIMEOUT_MS = 120_000 * SOAK

afterEach(() => {
  jest.restoreAllMocks()
})

async function holdsOn(terrain: keyof typeof TERRAINS): Promise<void> {
  await fc.assert(
    fc.asyncProperty(walkOn(TERRAINS[terrain]), async (walk) => {
      expect(await run(walk)).toEqual([])
    }),
    { numRuns: RUNS, endOnFailure: true },
  )
}

describe('what a reader gets after its cursor is what the log holds for it', () => {
  it(
    'with room for everything: nothing missing, nothing repeated, and no resync',
    () => holdsOn('roomy'),
    TIMEOUT_MS,
  )

  it(
    'with one message at a time: whoever waits for it is woken by it',
    () => holdsOn('quiet'),
    TIMEOUT_MS,
  )

  it(
    'with room for few: what was evicted is told, and nothing else',
    () => holdsOn('crowded'),
    TIMEOUT_MS,
  )

  it(
    'with time passing: what expired is told and never delivered',
    () => holdsOn('aging'),
    TIMEOUT_MS,
  )

  it(
    'across restarts: every cursor of a log that is gone is told so at once',
    () => holdsOn('restarting'),
    TIMEOUT_MS,
  )
})
