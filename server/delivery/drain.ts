// How connections are sent away when the server stops: told when to come back, spread out so that
// they don't come all at once, given time to take what they still have coming, then closed.

import type { Connection } from './Connection.js'
import type { ConnectionHub } from './ConnectionHub.js'

/** Nobody is told to come back sooner: by then his connection is closed. */
const MIN_RECONNECT_MS = 500
const LOOK_AGAIN_MS = 20

interface DrainOptions {
  readonly hub: ConnectionHub
  /** Window over which clients come back, in milliseconds. */
  readonly spreadMs: number
  /** After this all connections are gone, whether the clients co-operated or not. */
  readonly timeoutMs: number
  /** From 0 up to 1. */
  readonly random: () => number
  readonly monotonicNow: () => number
}

export async function drain(options: DrainOptions): Promise<void> {
  const { hub, spreadMs, timeoutMs, random, monotonicNow } = options
  const startedAt = monotonicNow()
  const within = (share: number) => () => monotonicNow() - startedAt < timeoutMs * share
  const each = (act: (connection: Connection) => void) => {
    for (const connection of [...hub.connections]) hub.guard(connection, () => act(connection))
  }

  hub.flush()
  each((connection) => connection.drain(MIN_RECONNECT_MS + Math.floor(random() * spreadMs)))

  const isBehind = () => [...hub.connections].some(({ isLive }) => !isLive)
  await until(() => !isBehind(), within(0.5))
  each((connection) => connection.close())

  await until(() => hub.size === 0, within(1))
  each((connection) => connection.destroy())
}

async function until(isDone: () => boolean, hasTime: () => boolean): Promise<void> {
  while (!isDone() && hasTime()) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  }
}
