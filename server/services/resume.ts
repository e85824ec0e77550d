// Where a reader begins, and what it must be told about it. The one place that turns a `since`
// into a position, for every transport.

import {
  type Cursor,
  comparePositions,
  type Position,
  positionOf,
  type Since,
} from '../../shared/cursor.js'
import type { ResyncReason } from '../../shared/message.js'
import type { MessageQueueService } from './MessageQueueService.js'
import type { Loss, Reading } from './Page.js'

export interface Start {
  /** Read on after this. */
  readonly position: Position
  /** Set where the cursor itself is lost: of another epoch, or ahead of the log. */
  readonly isForeign: boolean
  /**
   * What this reader can be told: one without a position had nothing to lose, a bare timestamp
   * is judged by the marks alone, a cursor hears of everything.
   */
  readonly hears: 'nothing' | 'losses' | 'everything'
}

export function resume(log: MessageQueueService, reading: Reading, since: Since): Start {
  switch (since.kind) {
    case 'now':
      return { position: log.head, isForeign: false, hears: 'nothing' }
    case 'oldest':
      return { position: log.oldest(reading), isForeign: false, hears: 'nothing' }
    case 'timestamp': {
      const limit = { ms: since.ms, counter: Number.POSITIVE_INFINITY }
      const isAhead = comparePositions(limit, log.head) >= 0
      const position = isAhead ? log.head : log.anchor(reading, limit)
      return { position, isForeign: false, hears: 'losses' }
    }
    case 'cursor':
      return resumeAfter(log, reading, since.cursor)
    default:
      return since satisfies never
  }
}

function resumeAfter(log: MessageQueueService, reading: Reading, cursor: Cursor): Start {
  if (cursor.epoch !== log.epoch || comparePositions(cursor, log.head) > 0) {
    return { position: log.oldest(reading), isForeign: true, hears: 'everything' }
  }
  const isBeforeStart = comparePositions(cursor, log.start) < 0
  const position = positionOf(isBeforeStart ? log.start : cursor)
  return { position, isForeign: false, hears: 'everything' }
}

/** What an answer that reads on from `start` must say, or `undefined` where continuity holds. */
export function resyncReason(
  { isForeign, hears }: Start,
  losses: readonly Loss[],
  isForced: boolean,
): ResyncReason | undefined {
  if (hears === 'nothing') return undefined
  if (isForeign) return 'epoch'
  const last = lastOf(losses)
  if (last !== undefined) return last.reason
  return isForced && hears === 'everything' ? 'forced' : undefined
}

/** The loss that reaches furthest. */
export function lastOf(losses: readonly Loss[]): Loss | undefined {
  return losses.toSorted((a, b) => comparePositions(a.position, b.position)).at(-1)
}
