// A token bucket over the opening of links: no loop can run away, whatever the server answers.

/** At once this many attempts, then one per `REFILL_MS`: never more than 5 in 500 ms or 44 a minute. */
const BURST = 4
const REFILL_MS = 1500
const MAX_AHEAD_MS = 60_000

export function createBreaker(now: () => number) {
  /** When all places are free again. */
  let freeAt = 0
  return {
    /** Takes a place for an attempt: how many milliseconds from now it may start. */
    take(): number {
      // A clock that was set back must not hold it up for long.
      freeAt = Math.min(Math.max(freeAt, now()), now() + MAX_AHEAD_MS) + REFILL_MS
      return Math.max(0, freeAt - now() - BURST * REFILL_MS)
    },
    /** The attempt was called off before it started. */
    giveBack(): void {
      freeAt -= REFILL_MS
    },
  }
}
