// Who may do how much: publishing and other writes, reads, and failed attempts to say who one is.
// Counted per principal, so that nobody pays for another behind the same address, and a new token
// gains nothing; only what has no principal is counted per address.

import { isAdmin, type Principal, principalKey } from '../../shared/principal.js'
import type { RedisScripts } from '../redis/RedisScripts.js'
import type { Budget } from './Budget.js'
import { LocalBudget } from './LocalBudget.js'
import { RedisBudget } from './RedisBudget.js'

/** Callers that are counted at once, in each budget. */
const MAX_KEYS = 200_000

/** A message, or this much of one, is one unit of the publishing budget. */
const BYTES_PER_UNIT = 16 * 1024

/** Frames of one user are counted over this span, and as those of so many sockets at full rate. */
const FRAMES_WINDOW_MS = 10_000
const FULL_RATE_SOCKETS = 4

interface RateLimitsOptions {
  /** Units per window; 0 is no limit. */
  readonly rateLimitMax: number
  readonly rateLimitAdminMax: number
  readonly rateLimitServiceMax: number
  readonly rateLimitReadMax: number
  readonly rateLimitWindowMs: number
  /** Of one WebSocket. */
  readonly maxFramesPerSecond: number
  /** Unix milliseconds. */
  readonly wallNow: () => number
  /** Where publishing and failures are counted over all nodes; else they are counted here. */
  readonly scripts?: RedisScripts | undefined
}

export class RateLimits {
  /** In units: a message or a started 16 KiB, a request that publishes nothing. */
  readonly writes: Budget
  readonly #failures: Budget
  /** These two are this node's own: who reads waits for nobody. */
  readonly #reads: LocalBudget
  readonly #frames: LocalBudget
  readonly #options: RateLimitsOptions

  constructor(options: RateLimitsOptions) {
    this.#options = options
    const { rateLimitWindowMs: windowMs, wallNow, scripts } = options
    const parts = { windowMs, wallNow, maxKeys: MAX_KEYS }
    const shared = (name: string): Budget =>
      scripts === undefined
        ? new LocalBudget({ ...parts, name })
        : new RedisBudget({ ...parts, name, scripts })
    this.writes = shared('publishing')
    this.#failures = shared('wrong credentials')
    this.#reads = new LocalBudget({ ...parts, name: 'reading' })
    this.#frames = new LocalBudget({ ...parts, name: 'frames', windowMs: FRAMES_WINDOW_MS })
  }

  get windowMs(): number {
    return this.#options.rateLimitWindowMs
  }

  writeLimitOf(principal: Principal): number {
    if (principal.isService) return this.#options.rateLimitServiceMax
    return isAdmin(principal) ? this.#options.rateLimitAdminMax : this.#options.rateLimitMax
  }

  /** Rejects with `rate_limited`; in the order in which it was asked. */
  chargeWrite(principal: Principal, units: number): Promise<void> {
    return this.writes.charge(principalKey(principal), units, this.writeLimitOf(principal))
  }

  /** Lets go of what was counted in windows that have ended, also where nobody comes any more. */
  sweep(): void {
    for (const budget of this.#budgets) budget.sweep()
  }

  /** Callers whose windows this node holds, over all limits. */
  get callers(): number {
    return this.#budgets.reduce((sum, { callers }) => sum + callers, 0)
  }

  get #budgets(): readonly Budget[] {
    return [this.writes, this.#failures, this.#reads, this.#frames]
  }

  /** `address`: as `addressKey` gives it. Rejects with `rate_limited`. */
  chargeFailure(address: string): Promise<void> {
    return this.#failures.charge(address, 1, this.#options.rateLimitMax)
  }

  /** Throws `rate_limited`. */
  chargeRead(principal: Principal): void {
    this.#reads.take(principalKey(principal), 1, this.#options.rateLimitReadMax)
  }

  /** Each WebSocket has its own limit; this one is for a user who opens hundreds. Throws. */
  chargeFrames(principal: Principal, frames: number): void {
    const perSocket = (this.#options.maxFramesPerSecond * FRAMES_WINDOW_MS) / 1000
    this.#frames.take(principalKey(principal), frames, perSocket * FULL_RATE_SOCKETS)
  }
}

/** What a publish costs. */
export function unitsOf(messages: number, bytes: number): number {
  return Math.max(messages, Math.ceil(bytes / BYTES_PER_UNIT))
}
