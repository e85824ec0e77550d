// The last minute, second by second: how many messages came, and by which transport.

import type { TransportName } from '../../connection/index.js'

export const SECONDS = 60

export interface Second {
  /** Whole seconds since the Unix epoch. */
  readonly at: number
  readonly count: number
  /** What carried at its end. */
  readonly transport: TransportName | undefined
}

/** The newest is last, and not over yet. */
export class Traffic {
  #seconds: Second[] = []

  /** Some messages came, or none; `transport` is what carries now. */
  note(count: number, transport: TransportName | undefined, nowMs: number): void {
    this.#advance(Math.floor(nowMs / 1000))
    const last = this.#seconds.pop()
    if (last !== undefined) {
      this.#seconds.push({ ...last, count: last.count + count, transport })
    }
  }

  get seconds(): readonly Second[] {
    return [...this.#seconds]
  }

  /** Seconds in which nobody asked stay empty. */
  #advance(now: number): void {
    const last = this.#seconds.at(-1)?.at ?? now - SECONDS
    for (let at = Math.max(last, now - SECONDS) + 1; at <= now; at++) {
      this.#seconds.push({ at, count: 0, transport: this.#seconds.at(-1)?.transport })
    }
    this.#seconds = this.#seconds.slice(-SECONDS)
  }
}
