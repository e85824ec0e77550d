// What the end of a link means for the client: the close code's range, or the HTTP status, says
// whether to come back (docs/protocol.md). New codes need no new client.

export type ClosureKind =
  /** Come back, with backoff. */
  | 'lost'
  /** This transport is given up for a while, not the client: often a middlebox. */
  | 'unusable'
  /** A fresh token first. */
  | 'expired'
  /** The server does not know the cursor: drop it, report a resync, come back. */
  | 'badCursor'
  /** Final: coming back would change nothing. */
  | 'refused'

export interface Closure {
  readonly kind: ClosureKind
  /** For the application's eyes. */
  readonly why: string
  /** The server's error code, where it gave one. */
  readonly code?: string | undefined
  /** Not before so many milliseconds have passed. */
  readonly retryAfterMs?: number | undefined
}

/** Said by proxies and filters more often than by servers. */
const MIDDLEBOX = [1002, 1003, 1007, 1008]

export function closureOfCode(closeCode: number): Closure {
  const why = `closed with ${closeCode}`
  if (closeCode === 4401) return { kind: 'expired', why }
  if (closeCode >= 4500 && closeCode <= 4999) {
    return { kind: 'refused', why, code: closeCode === 4501 ? 'unauthorized' : 'forbidden' }
  }
  return { kind: MIDDLEBOX.includes(closeCode) ? 'unusable' : 'lost', why }
}
