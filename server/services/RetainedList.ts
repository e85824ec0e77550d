// All retained entries from oldest to newest, as a linked list: one that has left every audience
// can be taken out of the middle without moving the rest.

import type { Entry } from '../brokers/Entry.js'

/** An entry in the log, with what the log must know to let it go. */
export interface Retained {
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
  older: Retained | undefined
  newer: Retained | undefined
}

export class RetainedList {
  #oldest: Retained | undefined
  #newest: Retained | undefined
  #size = 0
  #bytes = 0

  get oldest(): Retained | undefined {
    return this.#oldest
  }

  get size(): number {
    return this.#size
  }

  get bytes(): number {
    return this.#bytes
  }

  add(item: Retained): void {
    item.older = this.#newest
    if (this.#newest === undefined) this.#oldest = item
    else this.#newest.newer = item
    this.#newest = item
    this.#size += 1
    this.#bytes += item.bytes
  }

  remove(item: Retained): void {
    if (item.older === undefined) this.#oldest = item.newer
    else item.older.newer = item.newer
    if (item.newer === undefined) this.#newest = item.older
    else item.newer.older = item.older
    item.older = undefined
    item.newer = undefined
    this.#size -= 1
    this.#bytes -= item.bytes
  }
}
