// A program that uses the built library, as a process of its own: where it dies of an unhandled
// fault, a test sees it die.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { waitFor } from './waitFor.js'

export interface HostProcess {
  readonly url: string
  readonly child: ChildProcess
  /** All that it printed so far, on both outputs. */
  output(): string
  kill(): Promise<void>
}

/**
 * Runs a module's text from the project's root, where `dist` is, until it prints
 * `running at <url>`.
 */
export async function startHostProcess(source: string): Promise<HostProcess> {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    env: { PATH, HOME },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk
    })
  }
  const url = await waitFor('the host to say where it is', () => {
    if (child.exitCode !== null) throw new Error(`it ended:\n${output}`)
    return /running at (\S+)/.exec(output)?.[1]
  })
  return {
    url,
    child,
    output: () => output,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}
