// Runs scripts for who keeps something in Redis. Who can go on without an answer waits for it briefly,
// and while one is overdue nobody waits at all.

import type { LuaScript, Reply } from './LuaScript.js'
import type { RedisConnections } from './RedisConnections.js'

/** Such as a node can afford before it publishes, and still answers within 3 s. */
const PROMPT_MS = 300

const MAX_TOLD = 20

interface RedisScriptsOptions {
  readonly redis: RedisConnections
  /** Told of what Redis refuses, once each; not of its being away. */
  readonly onFault: (error: unknown) => void
}

export class RedisScripts {
  readonly #options: RedisScriptsOptions
  /** Answers that did not come in time, and may still come. */
  #overdue = 0
  /** What Redis has refused: each is told once, however often it comes and goes. */
  readonly #told = new Set<string>()

  constructor(options: RedisScriptsOptions) {
    this.#options = options
  }

  /** `keys`: without the prefix. Rejects where Redis refuses it, is away, or stays away for 2 s. */
  async run(
    script: LuaScript,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<Reply> {
    const { redis, onFault } = this.#options
    const names = keys.map((key) => redis.key(key))
    try {
      return await script.run(redis.commands, names, args)
    } catch (error) {
      if (isRefusal(error) && this.#told.size < MAX_TOLD && !this.#told.has(error.message)) {
        this.#told.add(error.message)
        onFault(error)
      }
      throw error
    }
  }

  /** As `run`, for who can do without: rejects soon, at once while an earlier answer is overdue. */
  runPromptly(...asked: Parameters<RedisScripts['run']>): Promise<Reply> {
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
}

/** What Redis said itself, rather than that it could not be asked. */
function isRefusal(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError'
}
