// What so many messages in the product's log cost: bytes held, and the time of what is done with them.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { LogUnderTest } from './LogUnderTest.js'
import { Stopwatch, watchCollections } from './Stopwatch.js'
import type { Shape } from './shapes.js'

/** Appended in one turn of the event loop. */
const TURN = 100
/** As the server's own sweep does it. */
const SWEEP_SLICE = 1000
/** A sweep that takes longer is as good as measured. */
const SWEEP_FOR_MS = 10_000
const READS = 1000

export interface LogCost {
  readonly bytesEach: number
  readonly encodedBytesEach: number
  /** While it grows, and with each letting an old message go. */
  readonly append: Timing
  readonly appendWhenFull: Timing
  readonly read: Timing
  readonly sweep: Timing
  /** The longest pause for the engine's garbage collection. */
  readonly longestCollectionMs: number
}

interface Timing {
  readonly nsEach: number
  /** The longest turn, slice or read, without the collections in it. */
  readonly longestMs: number
}

/** Needs --expose-gc. */
export async function measureLog(shape: Shape, count: number): Promise<LogCost> {
  const before = heldBytes()
  const collections = watchCollections()
  const under = new LogUnderTest(shape, count)
  const append = await appendTurns(under, count)
  const { encodedBytes } = under
  const longestCollectionMs = Math.max(0, ...collections.map(({ ms }) => ms))
  const bytes = heldBytes() - before
  const appendWhenFull = await appendTurns(under, Math.min(count, 100_000))
  const read = new Stopwatch()
  for (let n = 0; n < READS; n += 1) read.time(1, () => under.readLast())
  const sweep = await sweepAll(under)
  await nextTurn()
  const timing = (watch: Stopwatch): Timing => ({
    nsEach: watch.nanosecondsEach,
    longestMs: watch.longestOwnMs(collections),
  })
  return {
    bytesEach: bytes / count,
    encodedBytesEach: encodedBytes / count,
    append: timing(append),
    appendWhenFull: timing(appendWhenFull),
    read: timing(read),
    sweep: timing(sweep),
    longestCollectionMs,
  }
}

async function appendTurns(under: LogUnderTest, messages: number): Promise<Stopwatch> {
  const watch = new Stopwatch()
  for (let left = messages; left > 0; left -= TURN) {
    const entries = under.entries(Math.min(TURN, left))
    watch.time(entries.length, () => {
      for (const entry of entries) under.append(entry)
    })
    await nextTurn()
  }
  return watch
}

async function sweepAll(under: LogUnderTest): Promise<Stopwatch> {
  const watch = new Stopwatch()
  const until = performance.now() + SWEEP_FOR_MS
  under.expireAll()
  while (performance.now() < until) {
    const messages = Math.min(SWEEP_SLICE, under.log.size.messages)
    if (messages === 0) break
    watch.time(messages, () => under.log.sweep(SWEEP_SLICE))
    await nextTurn()
  }
  return watch
}

function heldBytes(): number {
  // What a first collection finalizes, a second one frees.
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
