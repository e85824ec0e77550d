// The child's end of the control channel: a peer or a generator says `ready` once, and then answers
// commands. What it measures of itself is asked through the same channel.

import { writeFileSync } from 'node:fs'
import type { Session } from 'node:inspector/promises'

/** Answers one command. What it returns or resolves to goes back as JSON. */
export type Command = (argument: never) => unknown

export interface Order {
  readonly id: number
  readonly command: string
  readonly argument: unknown
}

export type Answer =
  | { readonly ready: Record<string, unknown> }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }

let profiler: Session | undefined

const OF_EVERY_CHILD: Record<string, Command> = {
  /** Microseconds of CPU that this process took so far, all threads, in user and kernel mode. */
  cpu() {
    const { user, system } = process.cpuUsage()
    return user + system
  },
  memory() {
    globalThis.gc?.()
    return process.memoryUsage()
  },
  /** False in Bun, which has no such profiler. */
  async startProfile() {
    if (process.versions.bun !== undefined) return false
    const { Session } = await import('node:inspector/promises')
    profiler = new Session()
    profiler.connect()
    await profiler.post('Profiler.enable')
    await profiler.post('Profiler.start')
    return true
  },
  async saveProfile(file: string) {
    const saved = await profiler?.post('Profiler.stop')
    writeFileSync(file, JSON.stringify(saved?.profile))
    profiler?.disconnect()
  },
  exit() {
    setImmediate(() => process.exit(0))
  },
}

/** Says that this process is ready, and answers `commands` from then on. */
export function serveCommands(ready: Record<string, unknown>, commands: Record<string, Command>) {
  const all = { ...OF_EVERY_CHILD, ...commands }
  process.on('message', (order: Order) => {
    answer(all, order).then(send, (error: unknown) => {
      send({ id: order.id, error: error instanceof Error ? (error.stack ?? '') : String(error) })
    })
  })
  process.on('disconnect', () => process.exit(0))
  send({ ready })
}

async function answer(commands: Record<string, Command>, order: Order): Promise<Answer> {
  const command = commands[order.command]
  if (command === undefined) throw new Error(`no such command: ${order.command}`)
  return { id: order.id, result: await command(order.argument as never) }
}

function send(answer: Answer): void {
  process.send?.(answer)
}
