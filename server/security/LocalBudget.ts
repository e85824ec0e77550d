// A budget in this process's memory.

import type { SyncError } from '../../shared/errors.js'
import { OldestFirst } from '../../shared/OldestFirst.js'
import {
  type Budget,
  type BudgetOptions,
  leftHeader,
  leftOf,
  overdrawnError,
  type Standing,
} from './Budget.js'

/** More at once would keep others waiting. */
const SWEPT_AT_ONCE = 5000

type Window = { -readonly [Field in keyof Standing]: Standing[Field] }

export class LocalBudget implements Budget {
  readonly #options: BudgetOptions
  /** By caller, the window that began first in front. */
  readonly #windows = new OldestFirst<Window>()

  constructor(options: BudgetOptions) {
    this.#options = options
  }

  async charge(key: string, cost: number, limit: number): Promise<void> {
    this.take(key, cost, limit)
  }

  /** As `charge`, at once: throws. */
  take(key: string, cost: number, limit: number): void {
    if (limit === 0 || cost === 0) return
    if (this.isOver(key, cost, limit)) throw this.overdrawn(key, limit)
    this.#windowOf(key).used += cost
  }

  async count(key: string): Promise<Standing> {
    const window = this.#windowOf(key)
    window.used += 1
    return window
  }

  /** Whether `cost` isn't there. */
  isOver(key: string, cost: number, limit: number): boolean {
    return this.#windowOf(key).used + cost > limit
  }

  /** Goes on from what another has counted. */
  adopt(key: string, standing: Standing): void {
    Object.assign(this.#windowOf(key), standing)
  }

  overdrawn(key: string, limit: number): SyncError {
    return overdrawnError(this.#options, limit, this.#leftOf(key, limit))
  }

  left(key: string, limit: number): string {
    return leftHeader(this.#options.name, this.#leftOf(key, limit))
  }

  get callers(): number {
    return this.#windows.size
  }

  sweep(): void {
    for (let swept = 0; swept < SWEPT_AT_ONCE; swept += 1) {
      const { oldest } = this.#windows
      if (oldest === undefined || !this.#hasEnded(oldest[1])) return
      this.#windows.delete(oldest[0])
    }
  }

  #leftOf(key: string, limit: number) {
    return leftOf(this.#windowOf(key), limit, this.#options.wallNow())
  }

  #windowOf(key: string): Window {
    const window = this.#windows.get(key)
    if (window !== undefined && !this.#hasEnded(window)) return window
    const { wallNow, windowMs, maxKeys } = this.#options
    this.#windows.delete(key)
    for (;;) {
      const { oldest } = this.#windows
      if (oldest === undefined) break
      const [other, begun] = oldest
      if (this.#windows.size < maxKeys && !this.#hasEnded(begun)) break
      this.#windows.delete(other)
    }
    const begun = { used: 0, endsAt: wallNow() + windowMs }
    this.#windows.set(key, begun)
    return begun
  }

  /** Also one that ends later than any can: the clock was set back. */
  #hasEnded({ endsAt }: Window): boolean {
    const now = this.#options.wallNow()
    return endsAt <= now || endsAt > now + this.#options.windowMs
  }
}
