// The duties of a node that is alone: all are its own, and what it noted ends with it.

import type { Duties, DutyHolder, Term } from './Duties.js'

/** Of duties that were withdrawn; what was noted for those before is forgotten. */
const MAX_LEFT = 1000

interface Held {
  readonly holder: DutyHolder
  isAssumed: boolean
}

export class LocalDuties implements Duties {
  readonly #held = new Map<string, Held>()
  readonly #notes = new Map<string, Record<string, string>>()

  bid(name: string, holder: DutyHolder): () => void {
    if (this.#held.has(name)) throw new Error(`the duty ${name} is taken twice`)
    const held: Held = { holder, isAssumed: false }
    this.#held.set(name, held)
    // Later, as where there are others to ask.
    queueMicrotask(() => {
      if (this.#held.get(name) !== held) return
      held.isAssumed = true
      holder.assume(this.#term(name, held))
    })
    return () => this.#end(name, held)
  }

  async stop(): Promise<void> {
    for (const [name, held] of [...this.#held]) this.#end(name, held)
  }

  #end(name: string, held: Held): void {
    if (this.#held.get(name) !== held) return
    this.#held.delete(name)
    if (held.isAssumed) held.holder.resign()
    const left = [...this.#notes.keys()].filter((noted) => !this.#held.has(noted))
    for (const noted of left.slice(0, -MAX_LEFT)) this.#notes.delete(noted)
  }

  #term(name: string, held: Held): Term {
    return {
      recall: async () => this.#notes.get(name) ?? {},
      note: async (fields) => {
        if (this.#held.get(name) !== held) return false
        this.#notes.set(name, { ...this.#notes.get(name), ...fields })
        return true
      },
    }
  }
}
