// Runs small Lua scripts in Redis, each one step there. Who can go on without an answer waits for it
// briefly, and while one is overdue nobody waits at all.

import { createHash } from 'node:crypto'
import type { RedisConnections } from './RedisConnections.js'

/** Such as a node can afford before it publishes, and still answers within 3 s. */
const PROMPT_MS = 300

export class RedisScript {
  readonly text: string
  readonly sha: string
  /** Whether it has to be run where it was asked for, among others: one that Redis doesn't have is sent again. */
  readonly isInOrder: boolean

  constructor(text: string, { isInOrder = false } = {}) {
    this.text = text
    this.sha = createHash('sha1').update(text).digest('hex')
    this.isInOrder = isInOrder
  }
}

/** Begins a script that asks what time it is: Redis's own, in whole milliseconds. */
export const LUA_NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

type Argument = string | number

interface RedisScriptsOptions {
  readonly redis: RedisConnections
  /** Told of what Redis refuses, once until it takes something again; not of its being away. */
  readonly onFault: (error: unknown) => void
}

export class RedisScripts {
  readonly #options: RedisScriptsOptions
  /** Answers that did not come in time, and may still come. */
  #overdue = 0
  #isFaultTold = false

  constructor(options: RedisScriptsOptions) {
    this.#options = options
  }

  /** `keys`: without the prefix. Rejects where Redis refuses it, is away, or stays away for 2 s. */
  async run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly Argument[],
  ): Promise<unknown> {
    const { redis, onFault } = this.#options
    const given = [...keys.map((key) => redis.key(key)), ...args]
    try {
      const answer = await this.#evaluate(script, keys.length, given)
      this.#isFaultTold = false
      return answer
    } catch (error) {
      if (isRefusal(error) && !this.#isFaultTold) {
        this.#isFaultTold = true
        onFault(error)
      }
      throw error
    }
  }

  /** As `run`, for who can do without: rejects soon, at once while an earlier answer is overdue. */
  runPromptly(...asked: Parameters<RedisScripts['run']>): Promise<unknown> {
    if (this.#overdue > 0) return Promise.reject(new Error('Redis is slow to answer'))
    const answer = this.run(...asked)
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#overdue += 1
        const settled = () => {
          this.#overdue -= 1
        }
        answer.then(settled, settled)
        reject(new Error(`Redis gave no answer in ${PROMPT_MS} ms`))
      }
      // Where this process was held up, the answer may be here and unread: one look at the network.
      let look: NodeJS.Immediate | undefined
      const timer = setTimeout(() => {
        look = setImmediate(giveUp)
      }, PROMPT_MS)
      const settle = () => {
        clearTimeout(timer)
        clearImmediate(look)
      }
      answer.finally(settle).then(resolve, reject)
    })
  }

  async #evaluate(
    { text, sha, isInOrder }: RedisScript,
    keyCount: number,
    given: readonly Argument[],
  ): Promise<unknown> {
    const { commands } = this.#options.redis
    if (isInOrder) return commands.eval(text, keyCount, ...given)
    try {
      return await commands.evalsha(sha, keyCount, ...given)
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return commands.eval(text, keyCount, ...given)
    }
  }
}

/** What Redis said itself, rather than that it could not be asked. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError'
}
