// The README's part that a run writes: what was measured on what, the targets, and the figures.

import type { Result } from '../harness/runWorkload.js'
import type { Machine } from './machine.js'
import { figure, roundsText } from './text.js'

export function readmeTable(results: readonly Result[], machine: Machine): string {
  return [
    '',
    machineText(machine),
    '',
    targetTable(results),
    '',
    ...results.map((result) => `${figureTable(result)}\n`),
    '',
  ].join('\n')
}

function machineText({ cpu, cores, memoryGiB, system, versions }: Machine): string {
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}; ${list.join(', ')}.`
}

function targetTable(results: readonly Result[]): string {
  const rows = results.flatMap(({ id, title, verdicts }) =>
    verdicts.map(({ text, limit, value, isMet }) => {
      const found = `${figure(value.median)} (${figure(value.min)}–${figure(value.max)})`
      return `| ${id} | ${title} | ${text} | ${limit} | ${found} | ${isMet ? 'pass' : '**miss**'} |`
    }),
  )
  return ['| | workload | what | target | measured | |', '|---|---|---|---|---|---|', ...rows].join(
    '\n',
  )
}

function figureTable({ id, title, unit, cases, rounds, measuredAt, notes }: Result): string {
  const peers = [...new Set(Object.values(cases).flatMap((row) => Object.keys(row)))]
  const rows = Object.entries(cases).map(([name, row]) => {
    const cells = peers.map((peer) => {
      const summary = row[peer]
      if (summary === undefined) return ''
      const { cost, perSecond } = summary
      const rate = perSecond === undefined ? '' : ` · ${Math.round(perSecond / 1000)} k/s`
      return `${figure(cost.median)} (${figure(cost.min)}–${figure(cost.max)})${rate}`
    })
    return `| ${name} | ${cells.join(' | ')} |`
  })
  const head = `| | ${peers.join(' | ')} |\n|---|${peers.map(() => '---|').join('')}`
  const said = notes.map((note) => `\n${note}\n`).join('')
  const when = `${roundsText(rounds)}, ${measuredAt.slice(0, 10)}`
  return `### ${id} ${title}\n\n${unit}: median (lowest–highest) of ${when}.\n${said}\n${head}\n${rows.join('\n')}`
}
