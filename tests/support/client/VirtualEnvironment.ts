// Time that passes only when a test says so, chance from a seed, and a page that a test hides and
// shows: all that the client asks of its surroundings, but for the network.

import type { Environment } from '../../../client/connection/environment.js'
import { pseudoRandom } from '../pseudoRandom.js'

interface Timer {
  readonly dueAt: number
  readonly callback: () => void
}

export class VirtualEnvironment implements Omit<Environment, 'fetch' | 'WebSocket'> {
  readonly random: () => number
  #now = 1_000_000
  #isHidden = false
  /** In the order in which they are due; those due at once in the order in which they were set. */
  readonly #timers: Timer[] = []
  readonly #watchers = new Set<() => void>()

  constructor(seed = 1) {
    this.random = pseudoRandom(seed)
  }

  readonly now = (): number => this.#now
  readonly isHidden = (): boolean => this.#isHidden

  readonly after = (ms: number, callback: () => void): (() => void) => {
    const timer = { dueAt: this.#now + Math.max(0, ms), callback }
    const later = this.#timers.findIndex(({ dueAt }) => dueAt > timer.dueAt)
    this.#timers.splice(later < 0 ? this.#timers.length : later, 0, timer)
    return () => {
      const at = this.#timers.indexOf(timer)
      if (at >= 0) this.#timers.splice(at, 1)
    }
  }

  readonly watch = (onChange: () => void): (() => void) => {
    this.#watchers.add(onChange)
    return () => void this.#watchers.delete(onChange)
  }

  /** Runs what is due within `ms`, in order, each with all that follows from it at once. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    await flush()
    for (;;) {
      const [first] = this.#timers
      if (!first || first.dueAt > until) break
      this.#timers.shift()
      this.#now = Math.max(this.#now, first.dueAt)
      first.callback()
      await flush()
    }
    this.#now = Math.max(this.#now, until)
  }

  /** The machine sleeps: time passes, and nothing runs before it wakes. */
  sleep(ms: number): void {
    this.#now += ms
  }

  hide(isHidden: boolean): void {
    this.#isHidden = isHidden
    this.signal()
  }

  /** As `online`, or another network, does. */
  signal(): void {
    for (const onChange of [...this.#watchers]) onChange()
  }
}

/** Lets promises settle, those of streams and of modules among them. */
export const flush = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
