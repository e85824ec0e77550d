// One thing to be done later, at most: setting it anew takes the place of what was set.

/** The page's time, and whether anybody looks. Handed in, so that tests need not wait. */
export interface Clock {
  readonly now: () => number
  /** Returns what calls it off. */
  readonly after: (ms: number, callback: () => void) => () => void
  readonly isHidden: () => boolean
}

export const pageClock: Clock = {
  now: Date.now,
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
  isHidden: () => document.hidden,
}

export class Alarm {
  readonly #clock: Clock
  #cancel: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isSet(): boolean {
    return this.#cancel !== undefined
  }

  set(ms: number, callback: () => void): void {
    this.cancel()
    this.#cancel = this.#clock.after(ms, () => {
      this.#cancel = undefined
      callback()
    })
  }

  cancel(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
