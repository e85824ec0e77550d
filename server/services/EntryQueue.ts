// Entries in order of position: added at the end, removed at the front, found by binary search.
// Removal moves an offset and now and then gives the space back, so that it costs O(1) amortised.

import { comparePositions, type Position } from '../../shared/cursor.js'

/** How much of the array may be spent before it is given back. */
const SLACK = 32

export class EntryQueue<Item extends Position> {
  // A slot before the start is emptied at once, so that nothing that was removed is kept alive.
  #items: (Item | undefined)[] = []
  #start = 0

  get size(): number {
    return this.#items.length - this.#start
  }

  get first(): Item | undefined {
    return this.#items[this.#start]
  }

  at(index: number): Item | undefined {
    return index < 0 ? undefined : this.#items[this.#start + index]
  }

  push(item: Item): void {
    // An array that is pushed to begins with room for many, and most audiences have one message.
    if (this.#items.length === 0) this.#items = [item]
    else this.#items.push(item)
  }

  shift(): void {
    if (this.size === 0) return
    this.#items[this.#start] = undefined
    this.#start += 1
    if (this.#start < SLACK || this.#start * 2 < this.#items.length) return
    this.#items = this.#items.slice(this.#start)
    this.#start = 0
  }

  /** The index of the first item after `position`; `size` where there is none. */
  indexAfter(position: Position): number {
    return this.firstIndexWhere((item) => comparePositions(item, position) > 0)
  }

  /** The first index for which a test that turns from false to true once is true. */
  firstIndexWhere(test: (item: Item) => boolean): number {
    let low = this.#start
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const item = this.#items[middle]
      if (item !== undefined && test(item)) high = middle
      else low = middle + 1
    }
    return low - this.#start
  }
}
