// What a session reads, as the model sees it: audiences, each from a position on.

import { comparePositions, laterOf, ORIGIN, type Position } from '../../../shared/cursor.js'
import type { ResyncReason } from '../../../shared/message.js'
import type { LogEntry, LogRecord, Moment } from './LogRecord.js'

type LossReason = Exclude<ResyncReason, 'epoch' | 'forced'>

export class Reading {
  readonly #log: LogRecord
  readonly #from = new Map<string, Position>()
  /** The same with what was dropped since. */
  readonly #everFrom = new Map<string, Position>()

  constructor(log: LogRecord, keys: Iterable<string>, from: Position) {
    this.#log = log
    for (const key of keys) this.add(key, from)
  }

  keys(): Iterable<string> {
    return this.#from.keys()
  }

  /** Nothing was read before: this is where everything begins. */
  startAt(from: Position): void {
    for (const key of this.#from.keys()) {
      this.#from.set(key, from)
      this.#everFrom.set(key, from)
    }
  }

  /** Reads an audience from there on, or from where it was read already, if that is earlier. */
  add(key: string, from: Position): void {
    for (const reading of [this.#from, this.#everFrom]) {
      const earlier = reading.get(key)
      const isCovered = earlier !== undefined && comparePositions(earlier, from) <= 0
      reading.set(key, isCovered ? earlier : from)
    }
  }

  remove(key: string): void {
    this.#from.delete(key)
  }

  sees(entry: LogEntry): boolean {
    return keysThatSee(this.#from, entry).length > 0
  }

  /** Whether it was read here at some time, perhaps through an audience that was dropped. */
  everSaw(entry: LogEntry): boolean {
    return keysThatSee(this.#everFrom, entry).length > 0
  }

  /** Whether it had left every audience through which this session could have seen it. */
  hasLost(entry: LogEntry, at: Moment): boolean {
    return keysThatSee(this.#from, entry).every(
      (key) => this.#log.loss(entry, key, at) !== undefined,
    )
  }

  hasExpired(entry: LogEntry, at: Moment): boolean {
    return keysThatSee(this.#from, entry).some(
      (key) => this.#log.loss(entry, key, at) === 'expired',
    )
  }

  /** Whether a session that stands at `position` may be told this by then. */
  justifies(reason: ResyncReason, position: Position, at: Moment): boolean {
    if (reason === 'epoch') return false
    return this.#someAfter(position, at, (entry, key) =>
      reason === 'forced' ? entry.kind === 'resync' : this.#hasLeft(entry, key, reason, at),
    )
  }

  /** The same for one that asked for all there was: only what was lost while it was read counts. */
  justifiesLossSince(asked: Moment, reason: ResyncReason, at: Moment): boolean {
    if (reason === 'epoch' || reason === 'forced') return false
    return this.#someAfter(ORIGIN, at, (entry, key) => {
      const wasThere = this.#log.loss(entry, key, asked) === undefined
      return wasThere && this.#hasLeft(entry, key, reason, at)
    })
  }

  #someAfter(position: Position, at: Moment, test: (entry: LogEntry, key: string) => boolean) {
    return [...this.#from].some(([key, from]) =>
      this.#log.of(key, laterOf(from, position), at).some((entry) => test(entry, key)),
    )
  }

  #hasLeft(entry: LogEntry, key: string, reason: LossReason, at: Moment): boolean {
    const loss = this.#log.loss(entry, key, at)
    return reason === 'lagged' ? loss !== undefined : hasLeftBy(reason, loss)
  }
}

function keysThatSee(from: ReadonlyMap<string, Position>, entry: LogEntry): readonly string[] {
  return entry.audience.filter((key) => {
    const start = from.get(key)
    return start !== undefined && comparePositions(entry, start) > 0
  })
}

/** What was evicted long ago is also over its time by now; only the other way round is a lie. */
function hasLeftBy(reason: 'expired' | 'evicted', loss: 'expired' | 'evicted' | undefined) {
  return loss === reason || (reason === 'evicted' && loss === 'expired')
}
