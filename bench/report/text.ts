// A run's results, for a terminal.

import type { Result, Summary } from '../harness/runWorkload.js'
import type { Verdict } from '../harness/targets.js'

export function resultText({ id, title, unit, cases, verdicts, rounds, seconds }: Result): string {
  const rows = Object.entries(cases).flatMap(([name, peers]) => [
    `  ${name}`,
    ...Object.entries(peers).map(([peer, summary]) => `    ${peer.padEnd(16)}${rowOf(summary)}`),
  ])
  const head = `\n${id} ${title} (${unit}; ${roundsText(rounds)}, ${seconds} s)`
  return [head, ...rows, ...verdicts.map((verdict) => `  ${verdictText(verdict)}`), ''].join('\n')
}

/** How many targets are met, and which are not. */
export function summaryText(results: readonly Result[]): string {
  const verdicts = results.flatMap((result) =>
    result.verdicts.map((verdict) => ({ id: result.id, verdict })),
  )
  const missed = verdicts.filter(({ verdict }) => !verdict.isMet)
  return [
    `${verdicts.length - missed.length} of ${verdicts.length} targets are met`,
    ...missed.map(({ id, verdict }) => `  ${id} ${verdictText(verdict)}`),
  ].join('\n')
}

function rowOf({ cost, perSecond, generatorShare, detail = {} }: Summary): string {
  const parts = [
    `${figure(cost.median).padStart(8)}  (${figure(cost.min)}–${figure(cost.max)})`.padEnd(28),
    perSecond === undefined ? '' : `${Math.round(perSecond).toLocaleString('en')}/s`.padStart(11),
    generatorShare === undefined ? '' : `generator ${Math.round(generatorShare * 100)} %`,
    ...Object.entries(detail).map(([name, value]) => `${name} ${figure(value)}`),
  ]
  return parts.filter((part) => part !== '').join('  ')
}

function verdictText({ text, value, limit, isMet }: Verdict): string {
  const found = `${figure(value.median)} (${figure(value.min)}–${figure(value.max)})`
  return `${isMet ? 'pass' : 'MISS'}  ${text} ${limit}: ${found}`
}

/** Three digits that count. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return Number(value.toPrecision(3)).toString()
}

export const roundsText = (rounds: number) => (rounds === 1 ? '1 round' : `${rounds} rounds`)
