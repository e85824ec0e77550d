// Long-poll: the server holds each request until there is something to say.

import type { Environment } from './environment.js'
import type { ResolvedOptions } from './options.js'
import { openPollLink } from './pollLink.js'
import type { Transport } from './transport.js'

/** Gateways commonly cut at 30 s. */
const WAIT_SECONDS = 20
/** Under steady traffic, what comes meanwhile is taken with the next request. */
const MIN_CYCLE_MS = 100
/** A request cut sooner than this was not cut for being held. */
const MIN_HOLD_MS = 2000
/** This many empty answers in a row that were not held: something in between answers for itself. */
const MAX_QUICK_EMPTY = 3

export function longPollTransport(options: ResolvedOptions, environment: Environment): Transport {
  /** Less where held requests are cut; kept for the next link. */
  let waitSeconds = WAIT_SECONDS
  return {
    name: 'long-poll',
    open(reading, emit) {
      let quickEmpty = 0
      const rhythm = {
        waitSeconds: () => waitSeconds,
        cut(heldMs: number) {
          const isLong = heldMs >= MIN_HOLD_MS
          if (isLong) waitSeconds = Math.max(1, Math.floor((heldMs / 1000) * 0.7))
          return isLong
        },
        pauseMs(isEmpty: boolean, heldMs: number) {
          // Held to the end: perhaps it can be held for longer.
          if (heldMs < Infinity && heldMs >= waitSeconds * 1000) {
            waitSeconds = Math.min(WAIT_SECONDS, waitSeconds + 1)
          }
          quickEmpty = isEmpty && heldMs < MIN_CYCLE_MS ? quickEmpty + 1 : 0
          if (quickEmpty > MAX_QUICK_EMPTY) throw new SyntaxError('requests are not held')
          return Math.max(0, MIN_CYCLE_MS - heldMs) * 2 ** quickEmpty
        },
      }
      return openPollLink(options, environment, rhythm, reading, emit)
    },
  }
}
