// The ids that Redis is known to have given and this node has yet to read: one that the log passes
// over is lost, however well the rest fits together.

import { isBefore } from './streamEntry.js'

/** Beyond it the oldest are forgotten: a node that is so far behind has been deaf for long. */
const MAX_PENDING = 10_000

export class Promises {
  /** Rising. */
  readonly #pending: string[] = []

  get last(): string | undefined {
    return this.#pending.at(-1)
  }

  /** Redis says that it has an entry there. What is below an earlier one says nothing new. */
  add(id: string): void {
    if (this.last !== undefined && !isBefore(this.last, id)) return
    this.#pending.push(id)
    if (this.#pending.length > MAX_PENDING) this.#pending.shift()
  }

  /** Everything up to here was read, or is known to be gone. */
  settle(upTo: string): void {
    while (this.#pending[0] !== undefined && !isBefore(upTo, this.#pending[0]))
      this.#pending.shift()
  }

  /** Whether an entry with this id, the next one in the log, would pass one over. */
  isBrokenBy(id: string): boolean {
    const [first] = this.#pending
    return first !== undefined && isBefore(first, id)
  }
}
