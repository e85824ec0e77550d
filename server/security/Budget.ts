// How much each caller may do in a window of time. One budget is charged by everything that costs
// the same, whichever door it came through; express-rate-limit counts requests in it as its store.

import type { ClientRateLimitInfo, Store } from 'express-rate-limit'
import { SyncError } from '../../shared/errors.js'

interface BudgetOptions {
  /** Says what ran out: `publishing`. */
  readonly name: string
  readonly windowMs: number
  /** Unix milliseconds. */
  readonly wallNow: () => number
  /** Callers that are counted at once; beyond it the one whose window began first is forgotten. */
  readonly maxKeys: number
}

interface Window {
  totalHits: number
  readonly resetTime: Date
}

export class Budget implements Store {
  readonly localKeys = true
  readonly #options: BudgetOptions
  /** By caller, the window that began first in front. */
  readonly #windows = new Map<string, Window>()

  constructor(options: BudgetOptions) {
    this.#options = options
  }

  /**
   * Takes `cost` from what is left of `limit`; 0 is no limit. Throws `rate_limited` where it isn't
   * there, and takes nothing then.
   */
  charge(key: string, cost: number, limit: number): void {
    if (limit === 0 || cost === 0) return
    const window = this.#windowOf(key)
    if (window.totalHits + cost > limit) throw this.overdrawn(key, limit)
    window.totalHits += cost
  }

  async increment(key: string): Promise<ClientRateLimitInfo> {
    const window = this.#windowOf(key)
    window.totalHits += 1
    return window
  }

  async decrement(key: string): Promise<void> {
    const window = this.#windowOf(key)
    window.totalHits = Math.max(0, window.totalHits - 1)
  }

  async resetKey(key: string): Promise<void> {
    this.#windows.delete(key)
  }

  /** What a caller is told whose limit leaves too little, with the headers of "RateLimit header fields for HTTP". */
  overdrawn(key: string, limit: number): SyncError {
    const { name, windowMs } = this.#options
    const { left, seconds } = this.#stateOf(key, limit)
    const state = left === 0 ? 'is used up' : `leaves ${left} for now`
    return new SyncError(
      'rate_limited',
      `the limit for ${name}, ${limit} in ${windowMs / 1000} s, ${state}; come back in ${seconds} s`,
      {
        retryAfterSeconds: seconds,
        headers: {
          RateLimit: this.left(key, limit),
          'RateLimit-Policy': `"${name}"; q=${limit}; w=${Math.ceil(windowMs / 1000)}`,
        },
      },
    )
  }

  /** What is left, as the header `RateLimit` says it. */
  left(key: string, limit: number): string {
    const { left, seconds } = this.#stateOf(key, limit)
    return `"${this.#options.name}"; r=${left}; t=${seconds}`
  }

  #stateOf(key: string, limit: number): { left: number; seconds: number } {
    const { resetTime, totalHits } = this.#windowOf(key)
    const ms = resetTime.getTime() - this.#options.wallNow()
    return { left: Math.max(0, limit - totalHits), seconds: Math.max(1, Math.ceil(ms / 1000)) }
  }

  #windowOf(key: string): Window {
    const now = this.#options.wallNow()
    const window = this.#windows.get(key)
    // A window that ends later than any can: the clock was set back.
    const hasEnded = (end: number) => end <= now || end > now + this.#options.windowMs
    if (window !== undefined && !hasEnded(window.resetTime.getTime())) return window
    this.#windows.delete(key)
    for (const [other, { resetTime }] of this.#windows) {
      if (this.#windows.size < this.#options.maxKeys && !hasEnded(resetTime.getTime())) break
      this.#windows.delete(other)
    }
    const begun = { totalHits: 0, resetTime: new Date(now + this.#options.windowMs) }
    this.#windows.set(key, begun)
    return begun
  }
}
