// How long, how often and how much. What a deployment may set is read where it is used: while a
// component is being deployed its environment is not there yet.

import { env } from './_generated/server.js'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Longer than two requests can take: then whoever holds it is gone. */
export const LEASE_MS = 2 * MINUTE
/** After that a delivery goes on as another action: Convex ends an action after ten minutes. */
export const RUN_MS = 4 * MINUTE
/** An attempt has to arrive while its key is remembered, also where it is slow. */
export const KEY_MARGIN_MS = 2 * MINUTE
/** What Syncline remembers a key for unless it says otherwise. */
export const DEFAULT_KEY_LIFE_MS = 5 * MINUTE
/** Timers and clocks may disagree by a little: what is due then, is. */
export const CLOCK_STEP_MS = 10
export const LONGEST_RETRY_MS = 5 * MINUTE
export const LONGEST_REST_MS = MINUTE
/** The longest `Retry-After` that is obeyed. */
export const LONGEST_ASKED_REST_MS = HOUR
export const DEAD_LETTERS_KEPT_MS = 30 * DAY

/** What Syncline takes in one request. */
export const MAX_BATCH = 100
export const MAX_BATCH_BYTES = 48 * 1024
/** Rows that one transaction looks at. */
export const MAX_ROWS = 100
/** And their bytes: Convex ends one that reads too much, and a row may have a MiB. */
export const MAX_READ_BYTES = 1024 * 1024

export interface Limits {
  readonly timeoutMs: number
  readonly retryMs: number
  readonly maxAttempts: number
  readonly maxAgeMs: number
}

/** Throws where a setting can't work, in a sentence that names it. */
export function readLimits(): Limits {
  return {
    timeoutMs: numberOf('SYNCLINE_TIMEOUT_MS', 10 * SECOND, 50 * SECOND),
    retryMs: numberOf('SYNCLINE_RETRY_MS', SECOND, LONGEST_RETRY_MS),
    maxAttempts: numberOf('SYNCLINE_MAX_ATTEMPTS', 40, 1_000_000),
    maxAgeMs: numberOf('SYNCLINE_MAX_AGE_MS', 23 * HOUR, 7 * DAY),
  }
}

function numberOf(name: keyof typeof env, byDefault: number, most: number): number {
  const text = env[name]
  if (text === undefined) return byDefault
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= most) return value
  throw new Error(`${name}: must be a whole number from 1 to ${most}`)
}

/** Whether a key is remembered for as long as its message may be tried. */
export function isKeyLifeEnough(keyLifeMs: number): boolean {
  return keyLifeMs >= readLimits().maxAgeMs + KEY_MARGIN_MS
}
