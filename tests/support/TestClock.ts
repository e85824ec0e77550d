// The time as a server under test sees it: it runs, and can be put forward, so that an hour is over
// without waiting for it.

export class TestClock {
  #aheadMs = 0

  /** For `createSyncServer`: both clocks go forward together. */
  readonly clocks = {
    wallNow: () => Date.now() + this.#aheadMs,
    monotonicNow: () => performance.now() + this.#aheadMs,
  }

  get nowMs(): number {
    return this.clocks.wallNow()
  }

  forward(ms: number): void {
    this.#aheadMs += ms
  }
}
