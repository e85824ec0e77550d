// Writes faults to the log: as much of each as helps, and no more of them than a disk can take. What
// goes wrong may go wrong a thousand times a second, in words that somebody else has chosen.

import type { Logger } from 'pino'

/** In bytes of JSON; with two causes a line stays under 8 KiB. */
const MAX_NAME = 100
const MAX_MESSAGE = 700
const MAX_STACK = 1500
const MAX_CAUSES = 2

/** What JSON writes as it is; anything else takes up to six bytes. */
const PLAIN = /[ !#-[\]-~]/
const ESCAPED_BYTES = 6

/** Lines in each of these windows; the rest are counted. */
const MAX_LINES = 20
const WINDOW_MS = 10_000

/** Returns what writes a fault down: bounded lines, and a bounded number of them. */
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
  try {
    if (!(error instanceof Error)) return { message: typeof error }
    const { name, message, stack, cause } = error
    return {
      name: cut(name, MAX_NAME),
      message: cut(message, MAX_MESSAGE),
      stack: cut(framesOf(stack), MAX_STACK),
      ...(cause !== undefined && depth < MAX_CAUSES && { cause: bounded(cause, depth + 1) }),
    }
  } catch {
    // Somebody else's object may throw at whoever looks at it.
    return { message: 'an error that can not be read' }
  }
}

/** Without the name and the message, which stand above them. */
function framesOf(stack: unknown): string {
  const text = String(stack ?? '')
  const start = text.indexOf('\n    at ')
  return start === -1 ? '' : text.slice(start + 1)
}

/** As much of it as `maxBytes` of JSON hold. */
function cut(value: unknown, maxBytes: number): string {
  // What is searched has a bound, too: somebody else has chosen it.
  const text = withoutTokens(String(value).slice(0, 2 * maxBytes))
  let bytes = 0
  let end = 0
  while (end < text.length) {
    bytes += PLAIN.test(text.charAt(end)) ? 1 : ESCAPED_BYTES
    if (bytes > maxBytes) break
    end += 1
  }
  return text.slice(0, end)
}

/** Libraries quote what they can't read: nothing that looks like a JWT, or names itself a secret. */
function withoutTokens(text: string): string {
  return text
    .replace(/\beyJ[\w-]+(\.[\w-]*)+/g, '[token]')
    .replace(/\b(bearer|ticket=|token=)\s*[^\s"'&]+/gi, '$1 [token]')
}
