// The model's side of the story: what every log held, in order, and what has left it by when.
// It is filled where the broker hands over, so nothing that could be broken behind it is believed.

import { comparePositions, type Position, parseCursor } from '../../../shared/cursor.js'
import type { Message, ResyncReason } from '../../../shared/message.js'

/** When something happened: a counter that orders all that was seen, and the log's own clock. */
export interface Moment {
  readonly tick: number
  /** Milliseconds by the clock that messages age by. */
  readonly clock: number
}

export interface LogEntry extends Position {
  readonly kind: 'message' | 'resync'
  readonly cursor: string
  readonly audience: readonly string[]
  /** The message as it must arrive, to the letter; where it isn't known, its id must do. */
  readonly json?: string
  readonly id?: string
  /** No earlier than this does it stand in the log. */
  readonly appliedAt: Moment
  /** Its publisher has the answer: whoever asks from now on must be told of it. Default: `appliedAt`. */
  readonly answeredAt?: Moment
}

export interface Limits {
  readonly messagesPerAudience: number
  readonly ttlMs: number
}

type LossReason = Extract<ResyncReason, 'expired' | 'evicted'>

/** One log from its start to its end. A restarted server has another one. */
export class LogRecord {
  readonly entries: LogEntry[] = []
  readonly start: string
  readonly #limits: Limits
  readonly #byAudience = new Map<string, LogEntry[]>()
  readonly #byCursor = new Map<string, LogEntry>()

  constructor(start: string, limits: Limits) {
    this.start = start
    this.#limits = limits
  }

  add(entry: LogEntry): void {
    this.entries.push(entry)
    this.#byCursor.set(entry.cursor, entry)
    for (const key of new Set(entry.audience)) {
      const entries = this.#byAudience.get(key) ?? []
      entries.push(entry)
      this.#byAudience.set(key, entries)
    }
  }

  /** The entry that stands there, if it did by then. */
  at(cursor: string, moment: Moment): LogEntry | undefined {
    const entry = this.#byCursor.get(cursor)
    return entry !== undefined && entry.appliedAt.tick <= moment.tick ? entry : undefined
  }

  /** Whether the server could name this cursor by then: no other position was ever real. */
  hasNamed(cursor: string, moment: Moment): boolean {
    return cursor === this.start || this.at(cursor, moment) !== undefined
  }

  /** The entries after a position that were there by then, in order. */
  after(position: Position, moment: Moment): readonly LogEntry[] {
    return sliceAfter(this.entries, position, moment)
  }

  /** The same of one audience. */
  of(key: string, after: Position, moment: Moment): readonly LogEntry[] {
    return sliceAfter(this.#byAudience.get(key) ?? [], after, moment)
  }

  /** Why an audience had lost an entry by then, or `undefined` where it had not. */
  loss(entry: LogEntry, key: string, moment: Moment): LossReason | undefined {
    if (moment.clock - entry.appliedAt.clock >= this.#limits.ttlMs) return 'expired'
    const newer = this.of(key, entry, moment).length
    return newer >= this.#limits.messagesPerAudience ? 'evicted' : undefined
  }
}

/** Whether a message is another than the log's, in whatever was known of it. */
export function isBent(message: Message, { json, id }: LogEntry): boolean {
  return json === undefined ? message.id !== id : JSON.stringify(message) !== json
}

/** A position from a cursor's text. */
export function positionOf(cursor: string): Position {
  const position = parseCursor(cursor)
  if (position === undefined) throw new Error(`not a cursor: ${cursor}`)
  return position
}

/** Both orders rise together, so both ends are found by halving. */
function sliceAfter(
  entries: readonly LogEntry[],
  position: Position,
  moment: Moment,
): readonly LogEntry[] {
  const from = firstIndex(entries, (entry) => comparePositions(entry, position) > 0)
  const to = firstIndex(entries, (entry) => entry.appliedAt.tick > moment.tick)
  return entries.slice(from, Math.max(from, to))
}

function firstIndex(entries: readonly LogEntry[], test: (entry: LogEntry) => boolean): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (test(entries[middle]!)) high = middle
    else low = middle + 1
  }
  return low
}
