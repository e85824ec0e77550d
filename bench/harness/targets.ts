// What a workload is asked to reach: a value made of one round's figures, and its limit. Values are
// compared within a round, where the machine was the same for all, and the median round decides.

import { type Spread, spreadOf } from './statistics.js'

/** One round: by peer, by case, the figure. */
export type Round = Readonly<Record<string, Readonly<Record<string, Figure>>>>

/** What was measured of one peer in one case of a workload. */
export interface Figure {
  /** In the workload's unit; less is better. */
  readonly cost: number
  /** Deliveries or answers per second, as they were asked for: the bench sets the pace. */
  readonly perSecond?: number
  /** Of one core, 0 to 1: how busy the generator was. */
  readonly generatorShare?: number
  /** What else is worth a look: percentiles, seconds, bytes. */
  readonly detail?: Readonly<Record<string, number>>
}

export interface Target {
  readonly text: string
  /** `NaN` where the figures for it are missing. */
  readonly value: (round: Round) => number
  readonly atMost?: number
  readonly atLeast?: number
}

export interface Verdict {
  readonly text: string
  readonly value: Spread
  readonly limit: string
  readonly isMet: boolean
}

export function costOf(round: Round, peer: string, name: string): number {
  return round[peer]?.[name]?.cost ?? Number.NaN
}

/** How many times as much `of` costs as `to`, in one case. */
export function ratio(
  name: string,
  of: string,
  to: string,
  limit: Pick<Target, 'atMost' | 'atLeast'>,
): Target {
  return {
    text: `${name}: ${of} / ${to}`,
    value: (round) => costOf(round, of, name) / costOf(round, to, name),
    ...limit,
  }
}

export function judge(target: Target, rounds: readonly Round[]): Verdict {
  const { text, value, atMost = Infinity, atLeast = -Infinity } = target
  const found = spreadOf(rounds.map(value))
  return {
    text,
    value: found,
    limit: atLeast === -Infinity ? `≤ ${atMost}` : `≥ ${atLeast}`,
    isMet: found.median <= atMost && found.median >= atLeast,
  }
}
