// Redis's time, as far as this node can be sure of it: never later than it is. What has to be done
// "by then" is done by then, and nothing looks older than it is.

export class RedisClock {
  readonly #monotonicNow: () => number
  #offset: number | undefined
  #isCertain = false

  constructor(monotonicNow: () => number) {
    this.#monotonicNow = monotonicNow
  }

  /** An answer that said what Redis's time was has just arrived. */
  set(redisMs: number): void {
    this.#offset = redisMs - this.#monotonicNow()
    this.#isCertain = true
  }

  /** It may be another machine's clock from now on. */
  forget(): void {
    this.#isCertain = false
  }

  /** Unix milliseconds: it is this late there, or later. `undefined` where nothing is known. */
  get now(): number | undefined {
    return this.#isCertain ? this.lastKnown : undefined
  }

  /** The same, by the last clock that was heard of. */
  get lastKnown(): number | undefined {
    return this.#offset === undefined ? undefined : this.#monotonicNow() + this.#offset
  }
}
