// Many clients that connect at once, each with a token of its own, go away at once, and come back
// with their cursors. What each one is told is read and kept, number by number.

import { setTimeout as sleep } from 'node:timers/promises'
import { serveCommands } from '../control.js'
import { tokenFor } from '../tokens.js'
import type { DialectName } from './dialects.js'
import { HerdClient } from './HerdClient.js'

interface ConnectOrder {
  readonly port: number
  readonly dialect: DialectName
  readonly clients: number
  /** Each reads one of so many. */
  readonly topics?: number
  /** Without tokens, where the server asks for none. */
  readonly isOpen?: boolean
  /** Spread evenly over so long; 0: all in one turn. */
  readonly overMs: number
}

interface ArrivedOrder {
  /** Messages of each client. */
  readonly count: number
  readonly withinMs: number
}

const AT_ONCE = 128

const herd: HerdClient[] = []

function enlist({ port, dialect, clients, topics, isOpen = false }: ConnectOrder): void {
  for (let n = herd.length; n < clients; n += 1) {
    const named = topics === undefined ? [] : [`batch:${n % topics}`]
    const token = isOpen ? undefined : tokenFor(`user-${n}`, named)
    herd.push(new HerdClient({ port, dialect, token, topics: named }))
  }
}

/** Each as soon as it is due. */
async function connect({ clients, overMs }: ConnectOrder): Promise<void> {
  const began = performance.now()
  const answers: Promise<void>[] = []
  for (const client of herd.slice(0, clients)) {
    const dueMs = began + (overMs * answers.length) / clients
    if (overMs > 0 && performance.now() < dueMs) await sleep(dueMs - performance.now())
    answers.push(client.connect())
  }
  await Promise.all(answers)
}

/** A few at a time, as fast as the server takes them in. */
async function arrive({ clients }: ConnectOrder): Promise<void> {
  for (let next = 0; next < clients; next += AT_ONCE) {
    const group = herd.slice(next, Math.min(clients, next + AT_ONCE))
    await Promise.all(group.map((client) => client.connect()))
  }
}

async function arrived({ count, withinMs }: ArrivedOrder): Promise<void> {
  const deadline = performance.now() + withinMs
  while (herd.some(({ numbers }) => numbers.length < count)) {
    if (performance.now() > deadline) throw new Error('not everybody got what was missed')
    await sleep(10)
  }
}

serveCommands(
  {},
  {
    /** Makes the tokens, which is not to be measured. */
    enlist,
    /** Both answer when all are taken in. */
    connect,
    arrive,
    /** All sockets go without a word. */
    drop() {
      for (const client of herd) client.drop()
    },
    /** Answers when each client has so many messages since it connected. */
    arrived,
    /** How often somebody had to ask again, in all. */
    retries: () => herd.reduce((sum, { retries }) => sum + retries, 0),
    /** What each client was told since it connected. */
    told: () => herd.map(({ numbers, resyncs }) => ({ numbers, resyncs })),
  },
)
