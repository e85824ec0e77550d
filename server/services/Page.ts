// What a reader asks of the log, and what one look at it finds.

import type { AudienceKey } from '../../shared/audience.js'
import type { Position } from '../../shared/cursor.js'
import type { Entry } from '../brokers/Entry.js'
import type { Mark } from './Marks.js'

/** The audiences that a reader reads, each with the position from which on it does. */
export type Reading = ReadonlyMap<AudienceKey, Position>

export interface PageBounds {
  /** Messages at most. */
  readonly limit: number
  /** Bytes of text at most, but always at least one message. */
  readonly maxBytes: number
  /** Read no further than here. Default: the head. */
  readonly upTo?: Position
}

/** What one read found. */
export interface Page {
  readonly entries: readonly Entry[]
  /** Where the reader stands after this page. */
  readonly position: Position
  readonly hasMore: boolean
  /** What of each audience may have left the log before the reader came by. */
  readonly losses: readonly Loss[]
}

/** Up to where one of a reader's audiences has lost something that the reader has not seen. */
export interface Loss extends Mark {
  readonly key: AudienceKey
}
