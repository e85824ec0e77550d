// A script that Redis runs as one step: sent by its digest, and whole where Redis has forgotten it.

import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'

/** What scripts answer with here. */
export type Reply = string | number | null | readonly Reply[]

/** Begins a script that asks for the time, in ms: Redis's own, which is one for all nodes. */
export const CLOCK = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(number) return string.format('%.0f', number) end
`

/**
 * Redis 7 refuses what may grow once it is full. Comes first, in a script that makes room, or that is
 * small and bounded.
 */
export const EVEN_WHERE_FULL = '#!lua flags=allow-oom\n'

/** Comes first in any other script that begins with something that Redis would not refuse. */
export const NOT_WHERE_FULL = '#!lua\n'

export class LuaScript {
  readonly #source: string
  readonly #digest: string
  readonly #isInOrder: boolean

  /** `isInOrder`: always sent whole, for what must be run before that which is sent after it. */
  constructor(source: string, { isInOrder = false } = {}) {
    this.#source = source
    this.#digest = createHash('sha1').update(source).digest('hex')
    this.#isInOrder = isInOrder
  }

  async run(
    redis: Redis,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<Reply> {
    const call = [keys.length, ...keys, ...args] as const
    if (this.#isInOrder) return (await redis.eval(this.#source, ...call)) as Reply
    try {
      return (await redis.evalsha(this.#digest, ...call)) as Reply
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return (await redis.eval(this.#source, ...call)) as Reply
    }
  }
}
