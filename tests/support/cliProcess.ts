// The command line as people use it: a process of its own, from the build.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { waitFor } from './waitFor.js'

const ENTRY = 'dist/client/cli/index.js'

export interface CliProcess {
  readonly child: ChildProcess
  /** What it printed so far on its standard output and error. */
  readonly printed: { output: string; remarks: string }
  /** The complete lines of its standard output. */
  lines(): string[]
  /** Waits until standard error holds this. */
  remarked(text: string): Promise<unknown>
  /** Sends a signal and resolves with the exit code, or with the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | string>
  /** Resolves with the exit code, or with the signal that ended it, when all output is there. */
  readonly exited: Promise<number | string>
}

/** What the command line finds around it: `input` is its standard input. */
interface Surroundings {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  readonly cwd?: string
}

export function startCli(
  line: readonly string[],
  { env = {}, input = '', cwd = '.' }: Surroundings = {},
): CliProcess {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [`${process.cwd()}/${ENTRY}`, ...line], {
    cwd,
    env: { PATH, HOME, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const printed = { output: '', remarks: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed.output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed.remarks += text
  })
  child.stdin.on('error', () => {}).end(input)
  const exited = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  return {
    child,
    printed,
    exited,
    lines: () => printed.output.split('\n').slice(0, -1),
    remarked: (text) => waitFor(`"${text}"`, () => printed.remarks.includes(text)),
    end(signal) {
      child.kill(signal)
      return exited
    },
  }
}

export interface CliRun {
  readonly exitCode: number | string
  readonly output: string
  readonly remarks: string
}

/** Runs it to its end. */
export async function runCli(
  line: readonly string[],
  surroundings: Surroundings = {},
): Promise<CliRun> {
  const { printed, exited } = startCli(line, surroundings)
  const exitCode = await exited
  return { exitCode, ...printed }
}
