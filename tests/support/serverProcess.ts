// The server as people start it: a process of its own, from the build, stopped by its process id.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { waitFor } from './waitFor.js'

/**
 * Newer versions of Node let garbage grow to far more than what the server holds on to, before
 * they look at it. In a small heap, memory says much the same on all of them.
 */
const NODE_OPTIONS = '--max-semi-space-size=16 --max-old-space-size=256'

/** Most tests publish more than one user may; those about limits set their own. */
const UNLIMITED = { RATE_LIMIT_MAX: '0', MAX_FRAMES_PER_SECOND: '0' }

export interface ServerProcess {
  readonly url: string
  readonly child: ChildProcess
  /** All that it printed so far, on both outputs. */
  output(): string
  /** Resolves with its exit code, or the signal that ended it. */
  readonly exited: Promise<number | string | null>
  /** Ends it at once. */
  kill(): Promise<void>
}

/** Starts `dist/server/index.js` on a free port and waits until it says where it is. */
export async function startServerProcess(env: Record<string, string> = {}): Promise<ServerProcess> {
  const started = spawnServer({ PORT: '0', ...UNLIMITED, ...env })
  const url = await waitFor(
    'the server to say where it is',
    () => {
      if (started.child.exitCode !== null) throw new Error(`it ended:\n${started.output()}`)
      return /running at (\S+)/.exec(started.output())?.[1]
    },
    20_000,
  )
  return { ...started, url }
}

/** Starts it without waiting, for starts that are meant to fail. */
export function spawnServer(env: Record<string, string> = {}): Omit<ServerProcess, 'url'> {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, ['dist/server/index.js'], {
    env: { PATH, HOME, NODE_OPTIONS, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk
    })
  }
  const exited = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string)
  return {
    child,
    output: () => output,
    exited,
    async kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await exited
    },
  }
}
