// Runs a workload in rounds: each peer has its turn in each of them, A B C A B C, so that what the
// machine does meanwhile meets them all alike.

import type { Workload } from '../workloads/Workload.js'
import { Stage } from './Stage.js'
import { type Spread, spreadOf } from './statistics.js'
import { type Figure, judge, type Round, type Verdict } from './targets.js'

const ROUNDS = { short: 3, full: 5 }
const MOST_OF_GENERATOR = 0.9

export interface RunOptions {
  readonly isFull: boolean
  readonly rounds?: number | undefined
  /** Only these of the workload's peers. */
  readonly peers?: readonly string[] | undefined
  readonly profileFolder?: string | undefined
  readonly say: (line: string) => void
}

/** All rounds of one peer in one case. */
export interface Summary {
  readonly cost: Spread
  readonly perSecond?: number
  readonly generatorShare?: number
  readonly detail?: Readonly<Record<string, number>>
}

/** What came of a workload: what `results.json` holds of it. */
export interface Result {
  readonly id: string
  readonly title: string
  readonly unit: string
  readonly measuredAt: string
  readonly rounds: number
  readonly seconds: number
  readonly notes: readonly string[]
  /** By case, by peer. */
  readonly cases: Readonly<Record<string, Readonly<Record<string, Summary>>>>
  readonly verdicts: readonly Verdict[]
}

export async function runWorkload(workload: Workload, options: RunOptions): Promise<Result> {
  const began = performance.now()
  const usual = options.isFull ? ROUNDS.full : ROUNDS.short
  const count = options.rounds ?? Math.min(usual, workload.rounds ?? usual)
  const rounds: Round[] = []
  for (let round = 0; round < count; round += 1) {
    options.say(`${workload.id} round ${round + 1} of ${count}`)
    rounds.push(await runRound(workload, options))
  }
  const { id, title, unit, notes = [], targets } = workload
  return {
    id,
    title,
    unit,
    measuredAt: new Date().toISOString(),
    rounds: count,
    seconds: Math.round((performance.now() - began) / 1000),
    notes,
    cases: summarise(rounds),
    // With some of the peers alone, not every target can be judged.
    verdicts: targets
      .map((target) => judge(target, rounds))
      .filter(({ value }) => Number.isFinite(value.median)),
  }
}

async function runRound(workload: Workload, options: RunOptions): Promise<Round> {
  const round: Record<string, Readonly<Record<string, Figure>>> = {}
  for (const peer of workload.peers) {
    if (options.peers?.includes(peer) === false) continue
    const stage = new Stage(options)
    try {
      const figures = await workload.run(peer, stage)
      round[peer] = figures
      for (const [name, found] of Object.entries(figures)) {
        options.say(`  ${peer}, ${name}: ${found.cost.toPrecision(3)} ${workload.unit}`)
        if (isBottleneck(found)) options.say('  ! the generator was at its limit')
      }
    } finally {
      await stage.clear()
    }
  }
  return round
}

/** Figures are the server's only while the generator has time to spare. */
function isBottleneck({ generatorShare = 0 }: Figure): boolean {
  return generatorShare > MOST_OF_GENERATOR
}

function summarise(rounds: readonly Round[]): Result['cases'] {
  const cases: Record<string, Record<string, Summary>> = {}
  for (const [peer, figures] of Object.entries(rounds[0] ?? {})) {
    for (const name of Object.keys(figures)) {
      const ofAll = rounds.flatMap((round) => round[peer]?.[name] ?? [])
      cases[name] = { ...cases[name], [peer]: summaryOf(ofAll) }
    }
  }
  return cases
}

function summaryOf(figures: readonly Figure[]): Summary {
  const medianOf = (pick: (figure: Figure) => number | undefined) => {
    const known = figures.flatMap((figure) => pick(figure) ?? [])
    return known.length === 0 ? undefined : spreadOf(known).median
  }
  const names = Object.keys(figures[0]?.detail ?? {})
  const detail = names.map((name) => [name, medianOf((figure) => figure.detail?.[name]) ?? 0])
  const perSecond = medianOf((figure) => figure.perSecond)
  const generatorShare = medianOf((figure) => figure.generatorShare)
  return {
    cost: spreadOf(figures.map(({ cost }) => cost)),
    ...(perSecond !== undefined && { perSecond }),
    ...(generatorShare !== undefined && { generatorShare }),
    ...(names.length > 0 && { detail: Object.fromEntries(detail) }),
  }
}
