// A budget that all nodes charge together, in Redis: exact while it answers. While it doesn't, each
// node goes by what it last heard and what it has let through since.

import type { SyncError } from '../../shared/errors.js'
import { CLOCK, LuaScript, NOT_WHERE_FULL } from '../redis/LuaScript.js'
import type { RedisScripts } from '../redis/RedisScripts.js'
import type { Budget, BudgetOptions, Standing } from './Budget.js'
import { digestOf } from './digest.js'
import { LocalBudget } from './LocalBudget.js'

/** Windows that have ended make room, a few with each that begins. */
const FORGOTTEN_AT_ONCE = 20

/**
 * KEYS: when each caller's window ends, how much of it is used. ARGV: caller, cost, limit (-1: takes
 * it be it there or not), window in ms, most callers. Answers whether it took the cost, how much is
 * used, and how many ms are left.
 */
const CHARGE = new LuaScript(`${NOT_WHERE_FULL}${CLOCK}
local caller, cost, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local window, callers = tonumber(ARGV[4]), tonumber(ARGV[5])
local ends = tonumber(redis.call('ZSCORE', KEYS[1], caller) or 0)
local used = 0
-- Also over is one that ends later than any can: the clock was set back.
local isNew = ends <= now or ends > now + window
if not isNew then used = tonumber(redis.call('HGET', KEYS[2], caller) or 0) end
if isNew then ends = now + window end
if limit >= 0 and used + cost > limit then return {0, used, ends - now} end
if isNew then
  local over = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ${FORGOTTEN_AT_ONCE})
  if redis.call('ZCARD', KEYS[1]) - #over >= callers then
    table.insert(over, redis.call('ZRANGE', KEYS[1], #over, #over)[1])
  end
  if #over > 0 then
    redis.call('ZREM', KEYS[1], unpack(over))
    redis.call('HDEL', KEYS[2], unpack(over))
  end
  redis.call('ZADD', KEYS[1], ends, caller)
  redis.call('HSET', KEYS[2], caller, cost)
  redis.call('PEXPIRE', KEYS[1], window)
  redis.call('PEXPIRE', KEYS[2], window)
else
  redis.call('HINCRBY', KEYS[2], caller, cost)
end
return {1, used + cost, ends - now}
`)

const NO_LIMIT = -1

interface RedisBudgetOptions extends BudgetOptions {
  readonly scripts: RedisScripts
}

interface Told {
  readonly isTaken: boolean
  readonly standing: Standing
}

export class RedisBudget implements Budget {
  readonly #options: RedisBudgetOptions
  /** What was last heard of each caller. */
  readonly #local: LocalBudget
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: RedisBudgetOptions) {
    this.#options = options
    this.#local = new LocalBudget(options)
  }

  charge(key: string, cost: number, limit: number): Promise<void> {
    return this.#inOrder(this.#charge(key, cost, limit))
  }

  count(key: string): Promise<Standing> {
    return this.#inOrder(this.#count(key))
  }

  overdrawn(key: string, limit: number): SyncError {
    return this.#local.overdrawn(key, limit)
  }

  left(key: string, limit: number): string {
    return this.#local.left(key, limit)
  }

  get callers(): number {
    return this.#local.callers
  }

  sweep(): void {
    this.#local.sweep()
  }

  async #charge(key: string, cost: number, limit: number): Promise<void> {
    if (limit === 0 || cost === 0) return
    // It only ever gets less within a window, so that floods are no work for Redis.
    if (this.#local.isOver(key, cost, limit)) throw this.overdrawn(key, limit)
    const told = await this.#ask(key, cost, limit)
    if (told === undefined) return this.#local.take(key, cost, limit)
    this.#local.adopt(key, told.standing)
    if (!told.isTaken) throw this.overdrawn(key, limit)
  }

  async #count(key: string): Promise<Standing> {
    const told = await this.#ask(key, 1, NO_LIMIT)
    if (told === undefined) return this.#local.count(key)
    this.#local.adopt(key, told.standing)
    return told.standing
  }

  /** `undefined` where Redis doesn't answer. */
  async #ask(key: string, cost: number, limit: number): Promise<Told | undefined> {
    const { scripts, name, windowMs, maxKeys, wallNow } = this.#options
    const budget = `budget:${name.replaceAll(' ', '-')}`
    const keys = [`${budget}:ends`, `${budget}:used`]
    const args = [digestOf(key), cost, limit, windowMs, maxKeys]
    try {
      const answer = await scripts.runPromptly(CHARGE, keys, args)
      const [isTaken, used, leftMs] = answer as [number, number, number]
      return { isTaken: isTaken === 1, standing: { used, endsAt: wallNow() + leftMs } }
    } catch {
      return undefined
    }
  }

  /** Some answers are here at once, and must not overtake those that come from afar. */
  #inOrder<Answer>(answer: Promise<Answer>): Promise<Answer> {
    // One that is refused before its turn is nobody's fault meanwhile.
    answer.catch(() => {})
    const turn = this.#last.then(() => answer)
    this.#last = turn.catch(() => {})
    return turn
  }
}
