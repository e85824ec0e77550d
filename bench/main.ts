// `npm run bench -- [W1 W2 …] [--full] [--rounds n] [--peer name]… [--profile]`

import { mkdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { missingRequirement, warnings } from './harness/requirements.js'
import { type Result, type RunOptions, runWorkload } from './harness/runWorkload.js'
import { profileSummary } from './report/profile.js'
import { saveReport } from './report/saveReport.js'
import { resultText, summaryText } from './report/text.js'
import { WORKLOADS } from './workloads/all.js'
import type { Workload } from './workloads/Workload.js'

const PROFILES = fileURLToPath(new URL('profiles/', import.meta.url))

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    peer: { type: 'string', multiple: true },
    profile: { type: 'boolean', default: false },
  },
})

process.exitCode = await main()

async function main(): Promise<number> {
  const missing = missingRequirement()
  if (missing !== undefined) return complain(missing)
  const unknown = positionals.find((id) => !WORKLOADS.some((workload) => isCalled(workload, id)))
  if (unknown !== undefined) {
    return complain(
      `There is no ${unknown}. There are ${WORKLOADS.map(({ id }) => id).join(', ')}.`,
    )
  }
  for (const warning of warnings()) say(warning)
  const chosen = WORKLOADS.filter(
    (workload) => positionals.length === 0 || positionals.some((id) => isCalled(workload, id)),
  )
  return runAll(chosen, {
    isFull: values.full,
    rounds: values.rounds === undefined ? undefined : Number(values.rounds),
    peers: values.peer,
    profileFolder: values.profile ? PROFILES : undefined,
    say,
  })
}

async function runAll(chosen: readonly Workload[], options: RunOptions): Promise<number> {
  const results: Result[] = []
  const failed: string[] = []
  for (const workload of chosen) {
    try {
      results.push(await runOne(workload, options))
    } catch (error) {
      failed.push(workload.id)
      complain(`${workload.id} FAILED: ${error instanceof Error ? error.stack : error}`)
    }
  }
  say(summaryText(results))
  return failed.length === 0 ? 0 : complain(`FAILED: ${failed.join(', ')}`)
}

async function runOne(workload: Workload, options: RunOptions): Promise<Result> {
  const { profileFolder, peers } = options
  if (profileFolder !== undefined) emptyFolder(profileFolder)
  const result = await runWorkload(workload, options)
  say(resultText(result))
  if (profileFolder !== undefined) say(profileSummary(profileFolder))
  // What is measured with a profiler beside it, or of some peers alone, is no result.
  else if (peers === undefined) saveReport([result])
  return result
}

function isCalled({ id }: Workload, name: string): boolean {
  return id.toLowerCase() === name.toLowerCase()
}

function emptyFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function complain(line: string): number {
  process.stderr.write(`${line}\n`)
  return 1
}
