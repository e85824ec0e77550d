// The log of the contract, as nobody would build it: all that was ever published in one list, and
// what is lost is only marked.

import type { Message, ResyncReason } from '../../../shared/message.js'

/** One user, the subscribers of some topics, or, with neither, everyone. */
export interface Audience {
  readonly userId?: string
  readonly topics?: readonly string[]
}

export interface Entry {
  /** Its place, in one order through all epochs. */
  readonly n: number
  readonly epoch: string
  readonly audience: Audience
  /** Absent for a forced resync. */
  readonly message: Message | undefined
  isGone: boolean
}

export type Reads = (entry: Entry) => boolean

interface Start {
  /** Read on after this. */
  readonly position: number
  readonly reason?: ResyncReason
  /** Came without a position: nothing that was lost or forced before concerns it. */
  readonly isNew: boolean
}

export class FakeLog {
  readonly entries: Entry[] = []
  /** Cursors that it takes for none. */
  readonly unknown = new Set<unknown>()
  #epochs = 0
  #startOfEpoch = 0

  get head(): number {
    return this.entries.length
  }

  get epoch(): string {
    return `epoch${this.#epochs}`
  }

  get cursor(): string {
    return this.cursorAt(this.head)
  }

  cursorAt(n: number): string {
    return `${Math.max(n, this.#startOfEpoch)}-0.${this.epoch}`
  }

  append(audience: Audience, message?: { type: string; payload?: unknown }): Entry {
    const n = this.head + 1
    const place = { id: `id-${n}`, timestamp: n, cursor: `${n}-0.${this.epoch}` }
    const entry = {
      n,
      epoch: this.epoch,
      audience,
      message: message && { ...message, ...audience, ...place },
      isGone: false,
    }
    this.entries.push(entry)
    return entry
  }

  /** Retention ends for all but the last `keep`. */
  cut(keep = 0): void {
    for (const entry of this.entries.slice(0, this.head - keep)) entry.isGone = true
  }

  /** The log begins anew, as in memory after a restart. */
  beginAnew(): void {
    this.cut()
    this.#epochs += 1
    this.#startOfEpoch = this.head
  }

  /** What is there, after one place and up to another. */
  between(after: number, upTo: number, reads: Reads): Entry[] {
    return this.entries.slice(after, upTo).filter((entry) => !entry.isGone && reads(entry))
  }

  /** The last place at which something that is read was lost after this one; 0 if none was. */
  lostAfter(position: number, reads: Reads): number {
    const after = Math.max(position, this.#startOfEpoch)
    const lost = this.entries.slice(after).filter((entry) => entry.isGone && reads(entry))
    return lost.at(-1)?.n ?? 0
  }

  /** `undefined` for what is no cursor. */
  start(since: unknown, reads: Reads): Start | undefined {
    if (since === 'now') return { position: this.head, isNew: true }
    if (since === '0') return { position: this.#startOfEpoch, isNew: true }
    const [, digits, epoch] = /^(\d+)-0\.(\w+)$/.exec(String(since)) ?? []
    if (epoch === undefined || this.unknown.has(since)) return undefined
    const n = Number(digits)
    if (epoch !== this.epoch || n > this.head) {
      return { position: this.#startOfEpoch, reason: 'epoch', isNew: false }
    }
    const isLost = this.lostAfter(n, reads) > 0
    return { position: n, isNew: false, ...(isLost && { reason: 'expired' as const }) }
  }
}
