// Which messages arrived after one that stands later in the log. They become known in either order:
// a page of the log names what has arrived, and what a page has named arrives.

export interface Arrival {
  readonly id: string
  /** Counts what arrived. */
  readonly number: number
  /** Whether its order is judged. */
  readonly isInPlace: boolean
  state: 'pending' | 'unread' | 'verified' | 'late'
}

export class Order {
  /** By number, ascending: what may still turn out to have come after a later one. */
  #lately: Arrival[] = []
  /** In the log, of those that have arrived. */
  #furthest = -1

  /** `place` counts what was read. Returns what this shows to be late: itself, or some before it. */
  add(arrival: Arrival, place: number): readonly Arrival[] {
    if (place < this.#furthest) return [arrival]
    this.#furthest = place
    const firstLate = this.#lately.findLastIndex(({ number }) => number < arrival.number) + 1
    const late = this.#lately.splice(firstLate)
    this.#lately.push(arrival)
    return late.filter(({ number }) => number !== arrival.number)
  }

  /** No message that arrived before this number will be matched any more. */
  forget(before: number): void {
    this.#lately = this.#lately.filter(({ number }) => number >= before)
  }
}
