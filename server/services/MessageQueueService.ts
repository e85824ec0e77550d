// The log: the only buffer there is. Ordered, time-limited, bounded, indexed by audience.
// It knows no sockets and no users; readers are nothing but a set of audiences and a position.
//
//        oldest ── RetainedList (age, bytes) ──► newest
//   u:ann   [ e1      e3        e6 ]      one EntryQueue per audience; an entry stands in
//   t:news  [    e2   e3   e5      ]      each queue of its audience and leaves each by itself
//           ▲ mark: up to here this audience has lost something

import type { AudienceKey } from '../../shared/audience.js'
import {
  comparePositions,
  formatCursor,
  laterOf,
  ORIGIN,
  type Position,
  positionOf,
} from '../../shared/cursor.js'
import { ShardedMap } from '../../shared/ShardedMap.js'
import type { Entry } from '../brokers/Entry.js'
import { EntryQueue } from './EntryQueue.js'
import { type Mark, Marks } from './Marks.js'
import { Merge } from './Merge.js'
import type { Loss, Page, PageBounds, Reading } from './Page.js'
import { type Retained, RetainedList } from './RetainedList.js'

/** What an entry costs beyond its text, and each audience that it stands in. Measured, rounded up. */
const ENTRY_OVERHEAD_BYTES = 350
const AUDIENCE_OVERHEAD_BYTES = 350

/** How many expired entries an append takes along, so that a busy log never waits for the sweep. */
const SWEPT_PER_APPEND = 2

interface MessageQueueOptions {
  /** How long a message is kept, in milliseconds. An older one is never read, swept or not. */
  readonly ttlMs: number
  readonly maxMessagesPerAudience: number
  /** Bound on all that is retained, with its overhead. */
  readonly maxBytes: number
  readonly maxMarks: number
  /** A monotonic clock in milliseconds. */
  readonly now: () => number
}

/** An entry as the log holds it. */
export interface Held {
  readonly entry: Entry
  /** Those of its audiences that still have it. */
  readonly audience: readonly AudienceKey[]
  readonly ageMs: number
}

interface Audience {
  readonly queue: EntryQueue<Retained>
  lastForced: Position
}

export class MessageQueueService {
  readonly #options: MessageQueueOptions
  readonly #marks: Marks
  readonly #audiences = new ShardedMap<Audience>()
  #retained = new RetainedList()
  #epoch = ''
  #start = ORIGIN
  #head = ORIGIN
  #lastArrival = Number.NEGATIVE_INFINITY
  /** Whatever has left any audience stands at or before this. */
  #lostUpTo = ORIGIN

  constructor(options: MessageQueueOptions) {
    this.#options = options
    this.#marks = new Marks(options.maxMarks)
  }

  get epoch(): string {
    return this.#epoch
  }

  /** Where the epoch began: before its first entry. */
  get start(): Position {
    return this.#start
  }

  /** When the last entry arrived, by the log's clock. */
  get lastArrival(): number {
    return this.#lastArrival
  }

  /** The last entry, or the epoch's start. */
  get head(): Position {
    return this.#head
  }

  /** Whether everything after a position is still there, for every audience. */
  isWholeAfter(position: Position): boolean {
    return comparePositions(this.#lostUpTo, position) <= 0
  }

  /** How a position is told to clients. */
  cursorAt(position: Position): string {
    return formatCursor(position, this.#epoch)
  }

  get size(): {
    readonly messages: number
    readonly bytes: number
    readonly audiences: number
    readonly marks: number
  } {
    const { size: messages, bytes } = this.#retained
    return { messages, bytes, audiences: this.#audiences.size, marks: this.#marks.size }
  }

  /** A log begins, in the place of the one before. What stood up to `lostUpTo` isn't known here. */
  begin(epoch: string, start: Position, lostUpTo = ORIGIN): void {
    this.#epoch = epoch
    this.#start = start
    this.#head = laterOf(start, lostUpTo)
    this.#audiences.clear()
    this.#retained = new RetainedList()
    this.#marks.clear()
    this.#lastArrival = Number.NEGATIVE_INFINITY
    this.#lostUpTo = lostUpTo
    this.#marks.raiseAll({ position: lostUpTo, reason: 'expired' })
  }

  /** Whatever stood up to here left before it came here. */
  lose(upTo: Position): void {
    this.#head = laterOf(this.#head, upTo)
    this.#lostUpTo = laterOf(this.#lostUpTo, upTo)
    this.#marks.raiseAll({ position: upTo, reason: 'evicted' })
  }

  /** Takes the next entry, appended `ageMs` ago; its position must be after the head. */
  apply(entry: Entry, ageMs = 0): void {
    this.sweep(SWEPT_PER_APPEND)
    this.#head = positionOf(entry)
    this.#hold(entry, entry.audience, ageMs)
  }

  #hold(entry: Entry, audience: readonly AudienceKey[], ageMs: number): void {
    if (audience.length === 0) return
    const retained = this.#retain(entry, audience.length, ageMs)
    for (const key of audience) this.#index(key, retained)
    while (this.#retained.bytes > this.#options.maxBytes && this.#retained.oldest !== undefined) {
      this.#drop(this.#retained.oldest, 'evicted')
    }
  }

  /**
   * What these audiences hold after `after`, in order, each entry once. Costs what it returns
   * (and a binary search per audience), not what the log holds.
   */
  read(reading: Reading, after: Position, bounds: PageBounds): Page {
    const { merge, losses } = this.#look(reading, after)
    const upTo = bounds.upTo ?? this.#head
    const entries: Entry[] = []
    let messages = 0
    let bytes = 0
    for (;;) {
      const { next } = merge
      if (next === undefined || comparePositions(next, upTo) > 0) {
        return { entries, position: laterOf(after, upTo), hasMore: false, losses }
      }
      const { entry } = next
      if (entry.kind === 'message') {
        const isFull = messages === bounds.limit || bytes + next.textBytes > bounds.maxBytes
        if (isFull && messages > 0) {
          return { entries, position: positionOf(entries.at(-1) ?? after), hasMore: true, losses }
        }
        messages += 1
        bytes += next.textBytes
      }
      entries.push(entry)
      merge.pass(next)
    }
  }

  /** What these audiences may have lost after `after`, and whether a resync was forced on them. */
  survey(reading: Reading, after: Position): { losses: readonly Loss[]; isForced: boolean } {
    const isForced = [...reading].some(([key, from]) => {
      const forced = this.#audiences.get(key)?.lastForced ?? ORIGIN
      return comparePositions(forced, laterOf(after, from)) > 0
    })
    return { losses: this.#look(reading, after).losses, isForced }
  }

  /**
   * A position that the server may name and from which reading on gives the same as from `limit`,
   * which need not be an entry's.
   */
  anchor(reading: Reading, limit: Position): Position {
    const { merge, losses } = this.#look(reading, limit)
    if (merge.next === undefined && losses.length === 0) return this.#head
    let anchor = this.#start
    for (const key of reading.keys()) {
      const { position } = this.#marks.of(key)
      if (comparePositions(position, limit) <= 0) anchor = laterOf(anchor, position)
      const queue = this.#audiences.get(key)?.queue
      const last = queue?.at(queue.indexAfter(limit) - 1)
      if (last !== undefined) anchor = laterOf(anchor, positionOf(last))
    }
    return anchor
  }

  /** A position before everything that these audiences still hold, and behind what they lost before it. */
  oldest(reading: Reading): Position {
    const { merge, losses } = this.#look(reading, ORIGIN)
    const first = merge.next
    if (first === undefined) return this.#head
    return losses
      .map(({ position }) => position)
      .filter((position) => comparePositions(position, first) < 0)
      .reduce(laterOf, this.#start)
  }

  /** All that is held, oldest first. */
  *held(): Generator<Held> {
    const now = this.#options.now()
    for (let item = this.#retained.oldest; item !== undefined; item = item.newer) {
      const { entry, at } = item
      const audience = entry.audience.filter((key) => this.#isHeldFor(key, entry))
      yield { entry, audience, ageMs: now - at }
    }
  }

  /** What each audience has lost. */
  get marks(): Pick<Marks, 'floor' | typeof Symbol.iterator> {
    return this.#marks
  }

  /** Takes over what another process knew to be lost of audiences that it had no mark for. */
  restoreFloor(mark: Mark): void {
    this.#marks.raiseFloor(mark)
    this.#lostUpTo = laterOf(this.#lostUpTo, mark.position)
  }

  /** Takes over a mark of another process: in order, before anything that it held. */
  restoreMark(key: AudienceKey, mark: Mark): void {
    this.#marks.raise(key, mark)
    this.#lostUpTo = laterOf(this.#lostUpTo, mark.position)
  }

  /** Takes over what another process held, in rising order. */
  restore({ entry, audience, ageMs }: Held): void {
    this.#hold(entry, audience, ageMs)
  }

  /** Whatever stood up to here was restored, or is lost and marked. */
  restoreHead(position: Position): void {
    this.#head = position
  }

  /** Lets go of expired entries, at most `max` of them. True where more are left. */
  sweep(max: number): boolean {
    for (let swept = 0; ; swept += 1) {
      const { oldest } = this.#retained
      if (oldest === undefined || !this.#isExpired(oldest)) return false
      if (swept === max) return true
      this.#drop(oldest, 'expired')
    }
  }

  /** Whether what arrived at `at`, by the log's clock, may still be delivered. */
  isFresh(at: number): boolean {
    return this.#options.now() - at < this.#options.ttlMs
  }

  #isHeldFor(key: AudienceKey, entry: Entry): boolean {
    const first = this.#audiences.get(key)?.queue.first
    return first !== undefined && comparePositions(first, entry) <= 0
  }

  #retain(entry: Entry, references: number, ageMs: number): Retained {
    const textBytes = Buffer.byteLength(entry.json)
    const bytes =
      textBytes +
      ENTRY_OVERHEAD_BYTES +
      entry.audience.reduce((sum, key) => sum + key.length + AUDIENCE_OVERHEAD_BYTES, 0)
    this.#lastArrival = Math.max(this.#lastArrival, this.#options.now() - ageMs)
    const { ms, counter } = entry
    const retained: Retained = {
      entry,
      ms,
      counter,
      at: this.#lastArrival,
      textBytes,
      bytes,
      references,
      older: undefined,
      newer: undefined,
    }
    this.#retained.add(retained)
    return retained
  }

  #index(key: AudienceKey, retained: Retained): void {
    const audience = this.#audiences.get(key) ?? this.#begin(key)
    audience.queue.push(retained)
    if (retained.entry.kind === 'resync') audience.lastForced = positionOf(retained)
    if (audience.queue.size > this.#options.maxMessagesPerAudience) {
      this.#dropFirst(key, audience, 'evicted')
    }
  }

  #begin(key: AudienceKey): Audience {
    const audience: Audience = { queue: new EntryQueue(), lastForced: ORIGIN }
    this.#audiences.set(key, audience)
    return audience
  }

  /** Removes an entry that is the first of every audience that it still stands in. */
  #drop(retained: Retained, reason: Mark['reason']): void {
    for (const key of retained.entry.audience) {
      const audience = this.#audiences.get(key)
      if (audience?.queue.first === retained) this.#dropFirst(key, audience, reason)
    }
  }

  #dropFirst(key: AudienceKey, { queue }: Audience, reason: Mark['reason']): void {
    const { first } = queue
    if (first === undefined) return
    queue.shift()
    if (queue.size === 0) this.#audiences.delete(key)
    const position = positionOf(first)
    this.#marks.raise(key, { position, reason })
    this.#lostUpTo = laterOf(this.#lostUpTo, position)
    first.references -= 1
    if (first.references === 0) this.#retained.remove(first)
  }

  /** What these audiences hold after `after`, and what may have been lost of each. */
  #look(reading: Reading, after: Position): { merge: Merge; losses: Loss[] } {
    const merge = new Merge()
    const losses: Loss[] = []
    for (const [key, from] of reading) {
      const start = laterOf(after, from)
      const mark = this.#marks.of(key)
      if (comparePositions(mark.position, start) > 0) losses.push({ key, ...mark })
      const queue = this.#audiences.get(key)?.queue
      if (queue === undefined) continue
      let index = queue.indexAfter(start)
      const next = queue.at(index)
      if (next !== undefined && this.#isExpired(next)) {
        index = queue.firstIndexWhere((item) => !this.#isExpired(item))
        losses.push({ key, position: positionOf(queue.at(index - 1) ?? next), reason: 'expired' })
      }
      merge.add(queue, index)
    }
    return { merge, losses }
  }

  #isExpired({ at }: Retained): boolean {
    return !this.isFresh(at)
  }
}
