// A script that Redis runs as one step: sent by its digest, and whole where Redis has forgotten it.

import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'

/** What scripts answer with here. */
export type Reply = string | number | null | readonly Reply[]

export class LuaScript {
  readonly #source: string
  readonly #digest: string

  constructor(source: string) {
    this.#source = source
    this.#digest = createHash('sha1').update(source).digest('hex')
  }

  async run(
    redis: Redis,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<Reply> {
    const call = [keys.length, ...keys, ...args] as const
    try {
      return (await redis.evalsha(this.#digest, ...call)) as Reply
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return (await redis.eval(this.#source, ...call)) as Reply
    }
  }
}
