// Times short operations by the wall clock, without the time that other processes took the core away:
// their average, and the longest of them without what the garbage collector took of it.

import { openSync, readSync } from 'node:fs'
import { PerformanceObserver, performance } from 'node:perf_hooks'

/** A stretch of time, in ms since the process began. */
interface Span {
  readonly start: number
  readonly ms: number
}

const MS_PER_NS = 1e-6
const schedule = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r')
const line = Buffer.alloc(96)

/** How long this thread was ready and had no core, all in all. */
function waitedMs(): number {
  const length = readSync(schedule, line, 0, line.length, 0)
  return Number(line.toString('latin1', 0, length).split(' ')[1]) * MS_PER_NS
}

export class Stopwatch {
  #operations = 0
  #totalMs = 0
  readonly #long: Span[] = []

  /** Runs something that consists of so many operations. */
  time<Result>(operations: number, act: () => Result): Result {
    const waitedBefore = waitedMs()
    const start = performance.now()
    const result = act()
    const wallMs = performance.now() - start
    const ms = Math.max(0, wallMs - (waitedMs() - waitedBefore))
    this.#operations += operations
    this.#totalMs += ms
    if (ms > 1) this.#long.push({ start, ms })
    return result
  }

  get nanosecondsEach(): number {
    return (this.#totalMs * 1e6) / this.#operations
  }

  /** The longest without the collections that fell into it. */
  longestOwnMs(collections: readonly Span[]): number {
    return longest(
      this.#long.map((span) => {
        const within = collections.filter(({ start }) => {
          return start >= span.start && start < span.start + span.ms
        })
        return { ...span, ms: span.ms - within.reduce((sum, { ms }) => sum + ms, 0) }
      }),
    )
  }
}

const longest = (spans: readonly Span[]): number => Math.max(0, ...spans.map(({ ms }) => ms))

/** All collections from now on, as the engine reports them when the event loop turns. */
export function watchCollections(): readonly Span[] {
  const spans: Span[] = []
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      spans.push({ start: startTime, ms: duration })
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  return spans
}
