// The checker checked: each of these servers is broken in one place, in a way that has cost others
// an outage, and the same walk must find it. What a fault needs to show is said beside it.

import { afterEach, describe, expect, it, jest } from '@jest/globals'
import fc from 'fast-check'
import * as mutations from './mutations.js'
import { run } from './run.js'
import type { Fault } from './session.js'
import { TERRAINS, type Terrain, walkOn } from './walk.js'

/** Bound on the walks until a fault is found. Most need fewer than ten. */
const MAX_RUNS = 120
const TIMEOUT_MS = 120_000

afterEach(() => {
  jest.restoreAllMocks()
})

/** How many walks it took until one showed one of these faults. */
async function walksUntil(
  faults: readonly Fault[],
  terrain: Terrain,
  options = {},
): Promise<number> {
  let walks = 0
  let isFound = false
  const property = fc.asyncProperty(walkOn(terrain), async (walk) => {
    walks += 1
    // A broken server may break the walk itself, too; only what the checker says counts.
    const violations = await run(walk, options).catch(() => [])
    isFound = violations.some(({ fault }) => faults.includes(fault))
    return !isFound
  })
  await fc.check(property, { numRuns: MAX_RUNS, endOnFailure: true })
  return isFound ? walks : Number.POSITIVE_INFINITY
}

const MISSING: Fault = 'missing: passed over, though the log has it'
const SILENT: Fault = 'silent: lost, and no resync told of it'
const REPEATED: Fault = 'repeated: at or before what it already had'
const BACKWARDS: Fault = 'backwards: a position before an earlier one'
const FALSE_ALARM: Fault = 'false alarm: a resync, and nothing was lost'
const EXPIRED: Fault = 'expired: delivered when its time was over'
const FOREIGN: Fault = 'foreign: not for this reader'
const STUCK: Fault = 'stuck: owed, and never came'
const IGNORED: Fault = 'ignored epoch: the log began anew, and nobody said so'

describe('the walk finds', () => {
  it(
    'a cursor that is read inclusively',
    async () => {
      mutations.readInclusively()
      expect(await walksUntil([REPEATED], TERRAINS.roomy)).toBeLessThanOrEqual(MAX_RUNS)
    },
    TIMEOUT_MS,
  )

  it(
    'a cursor that skips its successor',
    async () => {
      mutations.skipTheNext()
      expect(await walksUntil([MISSING], TERRAINS.roomy)).toBeLessThanOrEqual(MAX_RUNS)
    },
    TIMEOUT_MS,
  )

  it(
    'a long-poll that looks, then parks',
    async () => {
      mutations.checkThenPark()
      expect(await walksUntil([STUCK], TERRAINS.quiet)).toBeLessThanOrEqual(MAX_RUNS)
    },
    TIMEOUT_MS,
  )

  it(
    'a stream that reads, then registers',
    async () => {
      mutations.readThenRegister()
      expect(await walksUntil([MISSING], TERRAINS.roomy)).toBeLessThanOrEqual(MAX_RUNS)
    },
    TIMEOUT_MS,
  )

  it(
    'a log that is trimmed without a mark',
    async () => {
      mutations.trimWithoutMark()
      expect(await walksUntil([SILENT], TERRAINS.crowded)).toBeLessThanOrEqual(MAX_RUNS)
    },
    TIMEOUT_MS,
  )

  it(
    'a log that begins anew under its old name',
    async () => {
      expect(
        await walksUntil([IGNORED], TERRAINS.restarting, { epochOf: () => 'thesame' }),
      ).toBeLessThanOrEqual(MAX_RUNS)
    },
    TIMEOUT_MS,
  )

  it(
    'a heartbeat that names the head to one who lags',
    async () => {
      mutations.sayHeadIn('heartbeat')
      expect(await walksUntil([MISSING, BACKWARDS], TERRAINS.roomy)).toBeLessThanOrEqual(MAX_RUNS)
    },
    TIMEOUT_MS,
  )

  it(
    'a `connected` that names the head before the rest is sent',
    async () => {
      mutations.sayHeadIn('connected')
      expect(await walksUntil([MISSING], TERRAINS.roomy)).toBeLessThanOrEqual(MAX_RUNS)
    },
    TIMEOUT_MS,
  )

  it(
    'a page that names the head though more pages follow',
    async () => {
      mutations.nameHeadOnEveryPage()
      expect(await walksUntil([MISSING], TERRAINS.roomy)).toBeLessThanOrEqual(MAX_RUNS)
    },
    TIMEOUT_MS,
  )

  it(
    'a resync for what others lost',
    async () => {
      mutations.shareMarks()
      expect(await walksUntil([FALSE_ALARM], TERRAINS.crowded)).toBeLessThanOrEqual(MAX_RUNS)
    },
    TIMEOUT_MS,
  )

  it(
    'a message that outlives its time',
    async () => {
      mutations.neverExpire()
      expect(await walksUntil([EXPIRED], TERRAINS.aging)).toBeLessThanOrEqual(MAX_RUNS)
    },
    TIMEOUT_MS,
  )

  it(
    'a topic that can not be dropped',
    async () => {
      mutations.neverUnsubscribe()
      expect(await walksUntil([FOREIGN], TERRAINS.roomy)).toBeLessThanOrEqual(MAX_RUNS)
    },
    TIMEOUT_MS,
  )
})
