// What the server said of itself over the last minutes, and what follows from two sayings.

import type { ServerStatus } from '../page/api.js'

export const EVERY_MS = 2000
export const MAX_SAMPLES = 150

/** A saying and the one before it belong together only if they are no further apart. */
const TOGETHER_MS = 5 * EVERY_MS
/** By so much the server's start may seem to move: answers take their time. */
const START_MOVES_MS = 3000

export interface Sample {
  /** Unix milliseconds, by this machine's clock. */
  readonly at: number
  readonly status: ServerStatus
  /** Whether it can be told from the one before how much happened between them. */
  readonly isContinued: boolean
  /** Messages per second since the one before; `null` where nobody can say. */
  readonly publishedPerSecond: number | null
  readonly deliveredPerSecond: number | null
}

/** Appends, and forgets the oldest. */
export function withSample(
  samples: readonly Sample[],
  status: ServerStatus,
  at: number,
): readonly Sample[] {
  return [...samples.slice(1 - MAX_SAMPLES), sampleOf(samples.at(-1), status, at)]
}

function sampleOf(last: Sample | undefined, status: ServerStatus, at: number): Sample {
  const before = last !== undefined && isContinued(last, status, at) ? last.status : undefined
  const perSecond = (counter: 'published' | 'delivered') => {
    const [from, to] = [before?.[counter], status[counter]]
    if (before === undefined || from === undefined || to === undefined) return null
    // By the server's own clock: how long the answers took doesn't matter then.
    return ((to - from) * 1000) / (status.uptimeMs - before.uptimeMs)
  }
  return {
    at,
    status,
    isContinued: before !== undefined,
    publishedPerSecond: perSecond('published'),
    deliveredPerSecond: perSecond('delivered'),
  }
}

/** Not across a restart, which begins all counters anew, nor over a time in which nobody looked. */
function isContinued(last: Sample, status: ServerStatus, at: number): boolean {
  const startMoved = at - status.uptimeMs - (last.at - last.status.uptimeMs)
  return (
    at - last.at <= TOGETHER_MS &&
    Math.abs(startMoved) <= START_MOVES_MS &&
    status.uptimeMs > last.status.uptimeMs &&
    (status.published ?? 0) >= (last.status.published ?? 0) &&
    (status.delivered ?? 0) >= (last.status.delivered ?? 0)
  )
}

export interface Row {
  /** Unix milliseconds. */
  readonly at: number
  /** Absent where a line breaks. */
  readonly sample?: Sample
}

/** As a chart draws them: no line joins what doesn't belong together. */
export function withBreaks(samples: readonly Sample[]): readonly Row[] {
  return samples.flatMap((sample, index) => {
    const row = { at: sample.at, sample }
    return sample.isContinued || index === 0 ? [row] : [{ at: sample.at - 1 }, row]
  })
}
