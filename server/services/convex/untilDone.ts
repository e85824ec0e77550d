// Tries something again and again, ever less often, until it is done or nobody needs it any more.

import { setTimeout as delay } from 'node:timers/promises'

const BACKOFF = { firstMs: 100, maxMs: 5000 }

interface UntilDoneOptions {
  /** Ends it: then it rejects. */
  readonly signal: AbortSignal
  /** From 0 up to 1. */
  readonly random: () => number
  /** Whether another try may help. Default: always. */
  readonly mayHelp?: (error: unknown) => boolean
}

/** Rejects with the fault of a try where no other may help. */
export async function untilDone<Result>(
  act: () => Promise<Result>,
  { signal, random, mayHelp = () => true }: UntilDoneOptions,
): Promise<Result> {
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted()
    try {
      return await act()
    } catch (error) {
      if (!mayHelp(error)) throw error
      await delay(backoffMs(attempt, random), undefined, { signal, ref: false }).catch(() => {})
    }
  }
}

/** Doubles each time, up to 5 s, and is different for each of those who wait. */
export function backoffMs(attempt: number, random: () => number): number {
  const { firstMs, maxMs } = BACKOFF
  return Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 10)) * (0.5 + random() / 2)
}
