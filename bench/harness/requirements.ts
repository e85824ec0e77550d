// What the bench needs of the machine, checked before anything is measured.

import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** One process holds a socket for each of 10,000 clients, and some files. */
const OPEN_FILES = 12_000

const isThere = (command: string) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0

let isPinning: boolean | undefined

/** Whether processes can be pinned to a core here. */
export function canPin(): boolean {
  isPinning ??= availableParallelism() > 1 && isThere('taskset')
  return isPinning
}

/** What stands in the way, as a sentence that says what to do. */
export function missingRequirement(): string | undefined {
  const limit = spawnSync('sh', ['-c', 'ulimit -n']).stdout.toString().trim()
  if (limit !== 'unlimited' && Number(limit) < OPEN_FILES) {
    return `Each process of the bench opens up to ${OPEN_FILES} files, and the limit is ${limit}: run \`ulimit -n ${OPEN_FILES}\` in this shell first.`
  }
  return undefined
}

/** What makes the figures worse than they could be. */
export function warnings(): readonly string[] {
  if (canPin()) return []
  return ['Server and generator share their cores (two cores and `taskset` would keep them apart).']
}
