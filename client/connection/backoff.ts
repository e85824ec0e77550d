// How long to wait before coming back, and a cap on how often whatever the server answers.

const BASE_MS = 1000
const CAP_MS = 30_000

/**
 * Full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"): anything between nothing
 * and `base × 2^attempt`, so that clients that were cut off together come back apart.
 */
export function backoffMs(attempt: number, random: () => number): number {
  return random() * Math.min(CAP_MS, BASE_MS * 2 ** attempt)
}
