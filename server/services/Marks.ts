// A mark says up to where an audience has lost something, so that a gap is never silent.
// There are at most `maxMarks`; forgetting one raises the floor under all audiences without one.

import type { AudienceKey } from '../../shared/audience.js'
import { comparePositions, ORIGIN, type Position } from '../../shared/cursor.js'
import type { ResyncReason } from '../../shared/message.js'

export interface Mark {
  /** The last thing that left. */
  readonly position: Position
  readonly reason: Extract<ResyncReason, 'expired' | 'evicted'>
}

const NOTHING_LOST: Mark = { position: ORIGIN, reason: 'expired' }

export class Marks {
  readonly #maxMarks: number
  // In order of their last raise: the first is the one that is forgotten first.
  readonly #marks = new Map<AudienceKey, Mark>()
  #floor = NOTHING_LOST

  constructor(maxMarks: number) {
    this.#maxMarks = maxMarks
  }

  get size(): number {
    return this.#marks.size
  }

  /** What this audience may have lost, at most: beyond the bound it is given in doubt. */
  of(key: AudienceKey): Mark {
    return this.#marks.get(key) ?? this.#floor
  }

  raise(key: AudienceKey, mark: Mark): void {
    this.#marks.delete(key)
    this.#marks.set(key, mark)
    if (this.#marks.size > this.#maxMarks) this.#forgetOne()
  }

  #forgetOne(): void {
    const [oldest] = this.#marks
    if (oldest === undefined) return
    const [key, mark] = oldest
    this.#marks.delete(key)
    if (comparePositions(mark.position, this.#floor.position) > 0) this.#floor = mark
  }
}
