// How many frames one WebSocket may send: pings and pongs are frames too. Averaged over some
// seconds, so that a burst after a silence is nothing.

const WINDOW_SECONDS = 10

export class FrameMeter {
  readonly #maxPerWindow: number
  readonly #monotonicNow: () => number
  #windowEndsAt = 0
  #count = 0

  /** `maxPerSecond`: 0 is no limit. */
  constructor(maxPerSecond: number, monotonicNow: () => number) {
    this.#maxPerWindow = maxPerSecond === 0 ? Infinity : maxPerSecond * WINDOW_SECONDS
    this.#monotonicNow = monotonicNow
  }

  /** Counts a frame, or one that cost as much as `weight` of them. False where they are too many. */
  take(weight = 1): boolean {
    const now = this.#monotonicNow()
    if (now >= this.#windowEndsAt) {
      this.#windowEndsAt = now + WINDOW_SECONDS * 1000
      this.#count = 0
    }
    this.#count += weight
    return this.#count <= this.#maxPerWindow
  }
}
