// Where the CPU of a profiled server went: the functions with the most time of their own.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const TOP = 25
/** No work of the server's: waiting, and the profiler itself. */
const LEFT_OUT: ReadonlySet<string> = new Set(['(idle)', 'dispatch'])

interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { functionName: string; url: string; lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** A line for each of the costliest functions of each profile in the folder. */
export function profileSummary(folder: string): string {
  const files = readdirSync(folder).filter((file) => file.endsWith('.cpuprofile'))
  return files.map((file) => `${join(folder, file)}\n${summaryOf(join(folder, file))}`).join('\n\n')
}

function summaryOf(file: string): string {
  const { nodes, samples, timeDeltas }: Profile = JSON.parse(readFileSync(file, 'utf8'))
  const nameOf = new Map(nodes.map(({ id, callFrame }) => [id, frameName(callFrame)]))
  const own = new Map<string, number>()
  samples.forEach((id, index) => {
    const name = nameOf.get(id) ?? '?'
    if (!LEFT_OUT.has(name)) own.set(name, (own.get(name) ?? 0) + (timeDeltas[index] ?? 0))
  })
  const total = [...own.values()].reduce((sum, time) => sum + time, 0)
  return [...own]
    .sort(([, a], [, b]) => b - a)
    .slice(0, TOP)
    .map(([name, time]) => `  ${((100 * time) / total).toFixed(1).padStart(5)} %  ${name}`)
    .join('\n')
}

function frameName({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']) {
  const file = url.replace(/^.*\/(?=[^/]+\/[^/]+$)/, '')
  const name = functionName || 'anonymous'
  return file === '' ? name : `${name} ${file}:${lineNumber + 1}`
}
