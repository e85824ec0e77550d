// Many clients of one server process that goes away and comes back: when each is connected again,
// and what each was told.

import { Follower } from './Follower.js'
import { freePort } from './freePort.js'
import { type ServerProcess, startServerProcess } from './serverProcess.js'
import { waitFor } from './waitFor.js'

const DOWN_MS = 1000

export interface Herd {
  readonly followers: readonly Follower[]
  /** When each was back, in milliseconds after the server was; ascending. */
  readonly backAt: readonly number[]
  readonly server: ServerProcess
}

/**
 * `kill` ends the server without a word, `drain` asks it to end. `note` is told of each server
 * process that was started, to end it.
 */
export async function restartUnder(
  count: number,
  how: 'kill' | 'drain',
  note: (server: ServerProcess) => void,
): Promise<Herd> {
  const settings = { PORT: String(await freePort()), HOST: '127.0.0.1', LOG_LEVEL: 'error' }
  const start = async () => {
    const server = await startServerProcess(settings)
    note(server)
    return server
  }
  const first = await start()
  const followers = Array.from({ length: count }, (_, n) => {
    return new Follower({ baseUrl: first.url, token: `dev:user-${n}` })
  })
  const backAt = new Map<Follower, number>()
  for (const follower of followers) follower.manager.connect()
  await waitFor('all to be connected', () => followers.every(isConnected), 30_000)
  // A link that held for less counts as a failure.
  const since = performance.now()
  await waitFor('the links to be steady', () => performance.now() - since > 1500)
  if (how === 'kill') await first.kill()
  else {
    first.child.kill('SIGTERM')
    await first.exited
  }
  await waitFor('all to have lost it', () => !followers.some(isConnected), 10_000)
  for (const follower of followers) {
    const cancel = follower.manager.on('status', ({ isConnected }) => {
      if (!isConnected) return
      backAt.set(follower, performance.now())
      cancel()
    })
  }
  const goneAt = performance.now()
  await waitFor('the server to stay away', () => performance.now() - goneAt > DOWN_MS)
  const server = await start()
  const startedAt = performance.now()
  await waitFor('all to be back', () => backAt.size === count, 60_000)
  const times = [...backAt.values()].map((at) => at - startedAt).sort((a, b) => a - b)
  return { followers, backAt: times, server }
}

/** How many came back within some span of this length, at most. */
export function mostWithin(ms: number, backAt: readonly number[]): number {
  return Math.max(
    ...backAt.map((from) => backAt.filter((at) => at >= from && at < from + ms).length),
  )
}

const isConnected = ({ snapshot }: Follower): boolean => snapshot.isConnected
