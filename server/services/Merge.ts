// Several queues read as one, in order of position; an entry that stands in more than one of them
// comes once. A reader has a handful of audiences, so looking at each front beats a heap.

import { comparePositions } from '../../shared/cursor.js'
import type { EntryQueue } from './EntryQueue.js'
import type { Retained } from './RetainedList.js'

export class Merge {
  readonly #lanes: { readonly queue: EntryQueue<Retained>; index: number }[] = []

  /** Reads this queue too, from its `index` on. */
  add(queue: EntryQueue<Retained>, index: number): void {
    if (index < queue.size) this.#lanes.push({ queue, index })
  }

  /** The next entry, or `undefined` at the end. */
  get next(): Retained | undefined {
    let next: Retained | undefined
    for (const { queue, index } of this.#lanes) {
      const item = queue.at(index)
      if (item === undefined) continue
      if (next === undefined || comparePositions(item, next) < 0) next = item
    }
    return next
  }

  /** Passes over `taken`, which was `next`. */
  pass(taken: Retained): void {
    for (const lane of this.#lanes) if (lane.queue.at(lane.index) === taken) lane.index += 1
  }
}
