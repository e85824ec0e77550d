// The log as nobody would build it: everything ever appended in one array, and what each audience
// has lost written down, entry by entry. Slow, and hard to get wrong.

import type { Entry } from '../../../server/brokers/Entry.js'
import { MessageQueueService } from '../../../server/services/MessageQueueService.js'
import type { Reading } from '../../../server/services/Page.js'
import { comparePositions, ORIGIN, type Position } from '../../../shared/cursor.js'

interface Bounds {
  readonly ttlMs: number
  readonly maxMessagesPerAudience: number
  readonly maxBytes: number
}

interface Line {
  readonly entry: Entry
  readonly arrivedAt: number
  readonly bytes: number
  /** The audiences that still have it. */
  readonly standing: Set<string>
}

interface ModelPage {
  readonly entries: readonly Entry[]
  readonly position: Position
  readonly hasMore: boolean
  /** The last thing that these audiences have lost after the position, if they have. */
  readonly lost: Position | undefined
}

export class LogModel {
  readonly #bounds: Bounds
  readonly #now: () => number
  readonly #lines: Line[] = []
  head: Position

  constructor(bounds: Bounds, now: () => number, start: Position) {
    this.#bounds = bounds
    this.#now = now
    this.head = start
  }

  append(entry: Entry): void {
    this.#expire()
    const standing = new Set(entry.audience)
    const line = { entry, arrivedAt: this.#now(), bytes: costOf(entry), standing }
    this.#lines.push(line)
    this.head = entry
    for (const key of entry.audience) {
      const ofKey = this.#held().filter((held) => held.standing.has(key))
      if (ofKey.length > this.#bounds.maxMessagesPerAudience) ofKey[0]?.standing.delete(key)
    }
    while (this.#bytes() > this.#bounds.maxBytes) this.#held()[0]?.standing.clear()
  }

  read(
    reading: Reading,
    after: Position,
    { limit, maxBytes, upTo = this.head }: { limit: number; maxBytes: number; upTo?: Position },
  ): ModelPage {
    this.#expire()
    const wanted = this.#lines.filter((line) => this.#isFor(reading, after, line))
    const lost = this.#lostAfter(reading, after)
    const entries: Entry[] = []
    let messages = 0
    let bytes = 0
    for (const { entry, standing } of wanted) {
      const isHeld = [...reading].some(([key, from]) => standing.has(key) && isAfter(entry, from))
      if (!isHeld || isAfter(entry, upTo)) continue
      if (entry.kind === 'message') {
        const isFull = messages === limit || bytes + entry.json.length > maxBytes
        if (isFull && messages > 0) {
          return { entries, position: entries.at(-1)!, hasMore: true, lost }
        }
        messages += 1
        bytes += entry.json.length
      }
      entries.push(entry)
    }
    return { entries, position: isAfter(upTo, after) ? upTo : after, hasMore: false, lost }
  }

  /** Whether any resync was ever forced on these audiences after the position. */
  wasForcedAfter(reading: Reading, after: Position): boolean {
    return this.#lines.some(
      (line) => line.entry.kind === 'resync' && this.#isFor(reading, after, line),
    )
  }

  /** What all entries take that some audience still has. */
  #bytes(): number {
    return this.#held().reduce((sum, { bytes }) => sum + bytes, 0)
  }

  #held(): Line[] {
    return this.#lines.filter(({ standing }) => standing.size > 0)
  }

  #isFor(reading: Reading, after: Position, { entry }: Line): boolean {
    if (!isAfter(entry, after)) return false
    return [...reading].some(([key, from]) => entry.audience.includes(key) && isAfter(entry, from))
  }

  #lostAfter(reading: Reading, after: Position): Position | undefined {
    let lost: Position | undefined
    for (const { entry, standing } of this.#lines) {
      const isLost = [...reading].some(
        ([key, from]) => entry.audience.includes(key) && !standing.has(key) && isAfter(entry, from),
      )
      if (isLost && isAfter(entry, after)) lost = entry
    }
    return lost
  }

  #expire(): void {
    for (const { arrivedAt, standing } of this.#lines) {
      if (this.#now() - arrivedAt >= this.#bounds.ttlMs) standing.clear()
    }
  }
}

/** What an entry takes in the log, as the log itself counts it. */
function costOf(entry: Entry): number {
  const log = new MessageQueueService({
    ttlMs: 1,
    maxMessagesPerAudience: 1,
    maxBytes: Number.POSITIVE_INFINITY,
    maxMarks: 1,
    now: () => 0,
  })
  log.begin('costs0', ORIGIN)
  log.apply(entry)
  return log.size.bytes
}

function isAfter(a: Position, b: Position): boolean {
  return comparePositions(a, b) > 0
}
