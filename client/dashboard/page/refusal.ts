// Why the server did not do what it was asked, in a sentence for who asked it.

import type { ApiError } from './api.js'
import { clockSeconds, duration } from './text.js'

/** The server's own words; where a limit is used up, with the time from which on it isn't. */
export function refusalOf({ status, message, retryAfterMs }: ApiError, now = Date.now()): string {
  if (status !== 429 || retryAfterMs === undefined) return message
  const [limit] = message.split(';')
  return `${limit}. Go on at ${clockSeconds(now + retryAfterMs)}, in ${duration(retryAfterMs)}.`
}
