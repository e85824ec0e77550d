// A mark says up to where an audience has lost something, so that a gap is never silent.
// There are at most `maxMarks`; forgetting one raises the floor under all audiences without one.
// What this process has never seen is lost to all audiences alike.

import type { AudienceKey } from '../../shared/audience.js'
import { comparePositions, ORIGIN, type Position } from '../../shared/cursor.js'
import type { ResyncReason } from '../../shared/message.js'
import { OldestFirst } from '../../shared/OldestFirst.js'

export interface Mark {
  /** The last thing that left. */
  readonly position: Position
  readonly reason: Extract<ResyncReason, 'expired' | 'evicted'>
}

const NOTHING_LOST: Mark = { position: ORIGIN, reason: 'expired' }

export class Marks {
  readonly #maxMarks: number
  // In order of their last raise: the first is the one that is forgotten first.
  readonly #marks = new OldestFirst<Mark>()
  #floor = NOTHING_LOST
  #unseen = NOTHING_LOST

  constructor(maxMarks: number) {
    this.#maxMarks = maxMarks
  }

  get size(): number {
    return this.#marks.size
  }

  /** What an audience without a mark of its own may have lost. */
  get floor(): Mark {
    return laterMark(this.#floor, this.#unseen)
  }

  /** Each mark, the one that is forgotten first in front. */
  *[Symbol.iterator](): Generator<[AudienceKey, Mark]> {
    for (const [key] of this.#marks) yield [key, this.of(key)]
  }

  /** What this audience may have lost, at most: beyond the bound it is given in doubt. */
  of(key: AudienceKey): Mark {
    return laterMark(this.#marks.get(key) ?? this.#floor, this.#unseen)
  }

  raise(key: AudienceKey, mark: Mark): void {
    this.#marks.delete(key)
    this.#marks.set(key, mark)
    if (this.#marks.size > this.#maxMarks) this.#forgetOne()
  }

  /** Nothing up to here is known, of any audience. */
  raiseAll(mark: Mark): void {
    this.#unseen = laterMark(this.#unseen, mark)
  }

  /** Of audiences without a mark of their own, nothing up to here is known. */
  raiseFloor(mark: Mark): void {
    this.#floor = laterMark(this.#floor, mark)
  }

  clear(): void {
    this.#marks.clear()
    this.#floor = NOTHING_LOST
    this.#unseen = NOTHING_LOST
  }

  #forgetOne(): void {
    const { oldest } = this.#marks
    if (oldest === undefined) return
    const [key, mark] = oldest
    this.#marks.delete(key)
    this.raiseFloor(mark)
  }
}

/** The first of two that reach as far. */
function laterMark(a: Mark, b: Mark): Mark {
  return comparePositions(a.position, b.position) >= 0 ? a : b
}
