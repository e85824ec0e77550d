// Whether what Redis has is the log that this node has followed. It has to be proven: where it isn't,
// another log begins and everybody hears of it, so that a gap is never silent.

import type { Found, Instance } from './SharedLog.js'
import { isBefore, laterId } from './streamEntry.js'

/** After a start of Redis, those who can compare come first. */
const COMPARE_WITHIN_MS = 5000

/** The log as this node knows it. */
export interface Followed {
  readonly node: string
  /** Absent before the first one. */
  readonly epoch: string | undefined
  /** The epochs before it, as far as they are remembered. */
  readonly ended: ReadonlySet<string>
  readonly start: string
  readonly last: string
  /** What tells `last` from another entry of the same id. */
  readonly lastMark: string
  /** An entry did not follow the one before it. */
  readonly breach: string | undefined
  /** Why the log can't be this one, whatever it looks like. */
  readonly doubt: string | undefined
}

/**
 * Why continuity can't be proven in what Redis has, if so. `wait`: nodes that are alive may be able
 * to. `promised`: the last entry that Redis has said it has.
 */
export function whyAnother(
  followed: Followed,
  found: Found,
  { runId, upMs }: Instance,
  promised: string,
): string | undefined {
  const { epoch, last } = followed
  if (found.epoch === '' || found.lastId === '') return 'there is no log in Redis'
  if (followed.ended.has(found.epoch)) return 'Redis has a log that had ended'
  if (found.epoch !== epoch) {
    // The log is what it was for as long as this Redis runs, or somebody has compared.
    if (found.verifiedRunId === runId && runId !== '') return undefined
    const isAnyAlive = found.nodes.some((node) => node !== followed.node)
    return isAnyAlive || upMs < COMPARE_WITHIN_MS ? 'wait' : 'nobody was there when Redis started'
  }
  if (followed.doubt !== undefined) return followed.doubt
  const isOverrun = isBefore(last, found.trimmed)
  if (followed.breach !== undefined && !isOverrun) return followed.breach
  if (isBefore(found.lastId, laterId(last, promised))) {
    return 'the end of the log is missing in Redis'
  }
  const isTrimmed = isOverrun || last === found.trimmed
  const isThere = isTrimmed || last === followed.start || found.markOfOurLast === followed.lastMark
  return isThere ? undefined : 'an entry that was delivered is missing in Redis'
}
