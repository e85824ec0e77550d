// The appends of this node that have no answer yet. What became of one is learnt from Redis's reply
// or, where that was lost, from the log itself: its entries carry whose they are.

import type { StreamEntry } from './streamEntry.js'

/** How long the other nodes may take to say how many connections an entry has there. */
const COUNT_WITHIN_MS = 200

/** One publication of an append, as far as this node has read it back. */
interface Seen {
  /** The id of its last entry, once that was read. */
  lastId: string | undefined
  recipients: number
}

export class PendingAppend {
  readonly #seen: Seen[]
  readonly #waiting = new Set<() => void>()
  /** Nodes that have yet to say how many they reach. */
  #silent: Set<string> | undefined

  constructor(publications: number) {
    this.#seen = Array.from({ length: publications }, () => ({ lastId: undefined, recipients: 0 }))
  }

  /** An entry of it was read; `recipients`: how many it has here. */
  read(entry: StreamEntry, recipients: number): void {
    const seen = this.#seen[entry.tag.publication]
    if (seen === undefined) return
    seen.recipients += recipients
    if (entry.isLast) seen.lastId = entry.id
    this.#changed()
  }

  /** The nodes that are asked how many it reaches there. */
  ask(nodes: Iterable<string>): void {
    this.#silent = new Set(nodes)
  }

  answered(node: string, publication: number, recipients: number): void {
    const seen = this.#seen[publication]
    if (seen === undefined) return
    seen.recipients += recipients
    this.#silent?.delete(node)
    this.#changed()
  }

  /** The last id of a publication that was read back. */
  idOf(publication: number): string | undefined {
    return this.#seen[publication]?.lastId
  }

  recipientsOf(publication: number): number {
    return this.#seen[publication]?.recipients ?? 0
  }

  /** Resolves when these publications were read back, or so long has passed. True where they were. */
  untilRead(publications: readonly number[], withinMs: number): Promise<boolean> {
    return this.#until(() => publications.every((index) => this.idOf(index)), withinMs)
  }

  /** Resolves when every node has said how many it reaches. False where one was silent too long. */
  untilCounted(): Promise<boolean> {
    return this.#until(() => (this.#silent?.size ?? 0) === 0, COUNT_WITHIN_MS)
  }

  #until(isDone: () => boolean, withinMs: number): Promise<boolean> {
    if (isDone()) return Promise.resolve(true)
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        resolve(isDone())
      }
      const look = () => {
        if (isDone()) finish()
      }
      const timer = setTimeout(finish, withinMs)
      this.#waiting.add(look)
    })
  }

  #changed(): void {
    for (const look of [...this.#waiting]) look()
  }
}
