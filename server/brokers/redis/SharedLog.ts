// The log in Redis as a whole: which one it is, what it holds, and where it ends. Whoever follows it
// asks here whether it is still the one that was followed.

import type { Redis } from 'ioredis'
import { type Cursor, comparePositions } from '../../../shared/cursor.js'
import type { RedisConnections } from '../../redis/RedisConnections.js'
import { ALIVE_MS } from './Pulse.js'
import type { RedisClock } from './RedisClock.js'
import { BEGIN, LOOK } from './scripts.js'
import { positionAt } from './streamEntry.js'

interface SharedLogOptions {
  readonly connections: RedisConnections
  readonly clock: RedisClock
  /** How long Redis keeps it after the last node has gone. */
  readonly keepMs: number
  readonly newEpoch: () => string
}

/** What a look at it has shown. Ids are the stream's; where there is no log, texts are empty. */
export interface Found {
  readonly epoch: string
  readonly start: string
  /** The last entry that was let go of. */
  readonly trimmed: string
  /** The instance of Redis in which a node has found nothing missing. */
  readonly verifiedRunId: string
  readonly lastId: string
  /** The mark of the entry that was asked for; `undefined` where it isn't there. */
  readonly markOfOurLast: string | undefined
  /** Nodes that follow it. */
  readonly nodes: readonly string[]
  readonly lastBeat: string
}

/** A Redis from its start to its end. */
export interface Instance {
  /** Another one after each start. */
  readonly runId: string
  readonly upMs: number
}

export class SharedLog {
  readonly #options: SharedLogOptions
  #looking: Promise<Found | undefined> = Promise.resolve(undefined)
  #nextLook: Promise<Found | undefined> | undefined

  constructor(options: SharedLogOptions) {
    this.#options = options
  }

  /** Which instance of Redis is at the other end. */
  async instance(redis: Redis): Promise<Instance> {
    const info = String(await redis.info('server'))
    const upSeconds = Number(/uptime_in_seconds:(\d+)/.exec(info)?.[1] ?? 0)
    return { runId: /run_id:(\w+)/.exec(info)?.[1] ?? '', upMs: upSeconds * 1000 }
  }

  /** `ourLast`: an id to look for. */
  async look(redis: Redis, ourLast: string): Promise<Found> {
    const { connections, clock } = this.#options
    const keys = ['log', 'meta', 'beats', 'nodes'].map((name) => connections.key(name))
    const reply = (await LOOK.run(redis, keys, [ourLast, ALIVE_MS])) as LookReply
    const [now, epoch, start, trimmed, verifiedRunId, lastId, mark, nodes, lastBeat] = reply
    clock.set(Number(now))
    const markOfOurLast = mark ?? undefined
    return { epoch, start, trimmed, verifiedRunId, lastId, markOfOurLast, nodes, lastBeat }
  }

  /** Looks beside the following, once for all who ask meanwhile. `undefined` where Redis is away. */
  lookAside(): Promise<Found | undefined> {
    // Not the look that is under way: it may have looked before this was asked.
    this.#nextLook ??= this.#looking.then(() => {
      this.#nextLook = undefined
      const look = this.look(this.#options.connections.commands, '').catch(() => undefined)
      this.#looking = look
      return look
    })
    return this.#nextLook
  }

  /** Begins a new epoch in the place of `ended`. False where another node was faster. */
  async begin(redis: Redis, ended: string, runId: string): Promise<boolean> {
    const { connections, newEpoch, keepMs } = this.#options
    const keys = [connections.key('log'), connections.key('meta')]
    return (await BEGIN.run(redis, keys, [ended, newEpoch(), keepMs, runId])) === 1
  }
}

type LookReply = readonly [
  now: string,
  epoch: string,
  start: string,
  trimmed: string,
  runId: string,
  lastId: string,
  mark: string | null,
  nodes: readonly string[],
  lastBeat: string,
]

/** Whether a cursor is a position of the log that was found. */
export const isIn = (found: Found, cursor: Cursor): boolean =>
  found.epoch === cursor.epoch && comparePositions(cursor, positionAt(found.lastId)) <= 0
