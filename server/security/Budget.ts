// How much each caller may do in a window of time. One budget is charged by everything that costs
// the same, whichever door it came through.

import { SyncError } from '../../shared/errors.js'

/** How far a caller's window is used up. */
export interface Standing {
  readonly used: number
  /** When the window ends: Unix milliseconds. */
  readonly endsAt: number
}

/** A budget that may be kept elsewhere. Its answers come in the order in which it was asked. */
export interface Budget {
  /**
   * Takes `cost` from what is left of `limit`; 0 is no limit. Rejects with `rate_limited` where it
   * isn't there, and takes nothing then.
   */
  charge(key: string, cost: number, limit: number): Promise<void>
  /** Takes one, be it there or not. */
  count(key: string): Promise<Standing>
  /** What a caller is told whose limit leaves too little. */
  overdrawn(key: string, limit: number): SyncError
  /** What is left, as far as this node knows, as the header `RateLimit` says it. */
  left(key: string, limit: number): string
  /** Callers that this node holds a window of, one that has ended and is not yet swept included. */
  readonly callers: number
  /** Lets go of windows that have ended, some thousands at a time: to be called now and then. */
  sweep(): void
}

export interface BudgetOptions {
  /** Says what ran out: `publishing`. */
  readonly name: string
  readonly windowMs: number
  /** Unix milliseconds. */
  readonly wallNow: () => number
  /** Callers that are counted at once; beyond it the one whose window began first is forgotten. */
  readonly maxKeys: number
}

interface Left {
  readonly left: number
  readonly seconds: number
}

export function leftOf({ used, endsAt }: Standing, limit: number, now: number): Left {
  const seconds = Math.max(1, Math.ceil((endsAt - now) / 1000))
  return { left: Math.max(0, limit - used), seconds }
}

/** As the header `RateLimit` of "RateLimit header fields for HTTP" says it. */
export const leftHeader = (name: string, { left, seconds }: Left): string =>
  `"${name}"; r=${left}; t=${seconds}`

export function overdrawnError(
  { name, windowMs }: Pick<BudgetOptions, 'name' | 'windowMs'>,
  limit: number,
  { left, seconds }: Left,
): SyncError {
  const state = left === 0 ? 'is used up' : `leaves ${left} for now`
  return new SyncError(
    'rate_limited',
    `the limit for ${name}, ${limit} in ${windowMs / 1000} s, ${state}; come back in ${seconds} s`,
    {
      retryAfterSeconds: seconds,
      headers: {
        RateLimit: leftHeader(name, { left, seconds }),
        'RateLimit-Policy': `"${name}"; q=${limit}; w=${Math.ceil(windowMs / 1000)}`,
      },
    },
  )
}
