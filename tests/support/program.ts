// A program that says where it runs, as a process of its own: where it dies of an unhandled fault,
// a test sees it die.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { waitFor } from './waitFor.js'

export interface Program {
  /** What it said. */
  readonly url: string
  readonly child: ChildProcess
  /** All that it printed so far, on both outputs. */
  output(): string
  /** Ends it at once, with all that it started. */
  kill(): Promise<void>
}

interface ProgramOptions {
  readonly folder?: string
  readonly env?: Record<string, string>
}

const SAYS_WHERE = /at (http:\/\/[^\s/]+:\d+)/

/** Starts it and waits until it prints `at http://…`. */
export async function startProgram(
  command: string,
  args: readonly string[],
  { folder = '.', env = {} }: ProgramOptions = {},
): Promise<Program> {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(command, args, {
    cwd: folder,
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that what a shell or npm starts ends with it.
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk
    })
  }
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const kill = async () => {
    if (hasEnded() || child.pid === undefined) return
    process.kill(-child.pid, 'SIGKILL')
    await once(child, 'exit')
  }
  try {
    const url = await waitFor(
      `${command} ${args.join(' ').slice(0, 40)} to say where it is`,
      () => {
        if (hasEnded()) throw new Error(`it ended:\n${output}`)
        return SAYS_WHERE.exec(output)?.[1]
      },
      20_000,
    )
    return { url, child, output: () => output, kill }
  } catch (error) {
    await kill()
    throw error
  }
}
