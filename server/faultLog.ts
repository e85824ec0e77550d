// Writes faults to the log: as much of each as helps, and no more of them than a disk can take. What
// goes wrong may go wrong a thousand times a second, in words that somebody else has chosen.

import type { Logger } from 'pino'

const MAX_MESSAGE = 1000
const MAX_STACK = 4000
const MAX_CAUSES = 3

/** Lines in each of these windows; the rest are counted. */
const MAX_LINES = 20
const WINDOW_MS = 10_000

export function createFaultLog(
  logger: Logger,
  monotonicNow: () => number,
): (error: unknown) => void {
  let windowEndsAt = 0
  let lines = 0
  let untold = 0
  return (error) => {
    if (monotonicNow() >= windowEndsAt) {
      windowEndsAt = monotonicNow() + WINDOW_MS
      lines = 0
    }
    lines += 1
    if (lines > MAX_LINES) {
      untold += 1
      return
    }
    logger.error({ fault: bounded(error), ...(untold > 0 && { untold }) }, 'fault')
    untold = 0
  }
}

/** What is told of an error: no properties of its own, which may hold anything. */
function bounded(error: unknown, depth = 0): object {
  if (!(error instanceof Error)) return { message: typeof error }
  const { name, message, stack = '', cause } = error
  return {
    name: name.slice(0, MAX_MESSAGE),
    message: withoutTokens(message, MAX_MESSAGE),
    stack: withoutTokens(stack, MAX_STACK),
    ...(cause !== undefined && depth < MAX_CAUSES && { cause: bounded(cause, depth + 1) }),
  }
}

/** Libraries quote what they can't read: nothing that looks like a JWT, or names itself a secret. */
function withoutTokens(text: string, maxLength: number): string {
  return (
    text
      // What is searched has a bound, too: somebody else has chosen it.
      .slice(0, 2 * maxLength)
      .replace(/\beyJ[\w-]+(\.[\w-]*)+/g, '[token]')
      .replace(/\b(bearer|ticket=|token=)\s*[^\s"'&]+/gi, '$1 [token]')
      .slice(0, maxLength)
  )
}
