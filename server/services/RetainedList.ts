// All retained entries from oldest to newest, and what they cost: one that has left every audience is
// taken out of the middle.

import { type Linked, LinkedList } from '../../shared/LinkedList.js'
import type { Entry } from '../brokers/Entry.js'

/** An entry in the log, with what the log must know to let it go. */
export interface Retained extends Linked<Retained> {
  readonly entry: Entry
  readonly ms: number
  readonly counter: number
  /** When it arrived, by the monotonic clock; never falls from one entry to the next. */
  readonly at: number
  /** Its text in UTF-8. */
  readonly textBytes: number
  /** What it costs: its text and what the log keeps beside it. */
  readonly bytes: number
  /** In how many audiences it still stands. */
  references: number
}

export class RetainedList {
  readonly #items = new LinkedList<Retained>()
  #bytes = 0

  get oldest(): Retained | undefined {
    return this.#items.oldest
  }

  get size(): number {
    return this.#items.size
  }

  get bytes(): number {
    return this.#bytes
  }

  add(item: Retained): void {
    this.#items.add(item)
    this.#bytes += item.bytes
  }

  remove(item: Retained): void {
    this.#items.remove(item)
    this.#bytes -= item.bytes
  }
}
