// Writes `results.json`, and from it the chart and the README's table: what was measured before stays
// until it is measured again.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Result } from '../harness/runWorkload.js'
import { chart } from './chart.js'
import { type Machine, machine } from './machine.js'
import { readmeTable } from './readmeTable.js'

const placeOf = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url))
const RESULTS = placeOf('results.json')
const README = placeOf('README.md')
const CHART = placeOf('chart.svg')

const PLACE = /(<!-- results -->\n)[\s\S]*(<!-- \/results -->)/

interface Report {
  readonly machine: Machine
  readonly results: readonly Result[]
}

export function saveReport(results: readonly Result[]): void {
  const known = existsSync(RESULTS)
    ? (JSON.parse(readFileSync(RESULTS, 'utf8')) as Report).results
    : []
  const byId = new Map([...known, ...results].map((result) => [result.id, result]))
  const report: Report = { machine: machine(), results: [...byId.values()].sort(byNumber) }
  writeFileSync(RESULTS, `${JSON.stringify(report, null, 2)}\n`)
  const table = readmeTable(report.results, report.machine)
  const readme = readFileSync(README, 'utf8')
  writeFileSync(
    README,
    readme.replace(PLACE, (_, begin, end) => `${begin}${table}${end}`),
  )
  const broadcast = byId.get('W1')
  if (broadcast !== undefined) writeFileSync(CHART, chart(broadcast))
}

function byNumber(a: Result, b: Result): number {
  return a.id.localeCompare(b.id, 'en', { numeric: true })
}
