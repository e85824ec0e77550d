// Compares what arrived live with what the log holds. Pure bookkeeping: it is told what arrived and
// what was read again, and never looks at a clock, a network or the inside of a cursor.
//
//     live ──────► pending ──┐  read again   ┌──► verified, out of order
//                            ├───────────────┤
//     the log ───► awaited ──┘  arrives      └──► missing: the connection has passed it

import { type Arrival, Order } from './Order.js'
import { type Fault, type ProofCounts, Tally } from './Tally.js'

/** Ids that arrived: one that comes again within as many is a repeat. */
const MAX_KNOWN = 20_000
/** Arrived and not yet read again; those beyond count as not read again. */
const MAX_PENDING = 10_000
/** Read and not arrived; those beyond are no longer known if they come after all. */
const MAX_ABSENT = 10_000

/** The same object until something in it changes. */
export interface ProofSnapshot extends ProofCounts {
  /** Arrived, and not yet found in the log. */
  readonly pending: number
  /** Found in the log, and may still be on the way. */
  readonly awaited: number
  /** The first few. */
  readonly faults: readonly Fault[]
}

/** `excused`: what is compared began anew before it came. It may still come, and need not. */
interface Absence {
  /** In the log. */
  readonly place: number
  readonly state: 'awaited' | 'missing' | 'excused'
}

export class Proof {
  readonly #tally = new Tally()
  readonly #order = new Order()
  readonly #known = new Map<string, Arrival>()
  readonly #pending = new Map<string, Arrival>()
  readonly #absent = new Map<string, Absence>()
  #anchor: string
  #arrivals = 0
  #reread = 0
  #snapshot: ProofSnapshot | undefined

  constructor(anchor: string) {
    this.#anchor = anchor
  }

  /** The cursor to read the log from: what comes after it has not been read again. */
  get anchor(): string {
    return this.#anchor
  }

  /** How many messages have arrived. */
  get arrivals(): number {
    return this.#arrivals
  }

  /** What was read again and has not arrived. */
  get awaited(): readonly string[] {
    return [...this.#absent].filter(([, { state }]) => state === 'awaited').map(([id]) => id)
  }

  /** How many have arrived and have not been found in the log. */
  get pending(): number {
    return this.#pending.size
  }

  /**
   * A message arrived live. `isInPlace`: the connection's position moved on to it; what is caught
   * up with beside it may stand earlier in the log than what came before, rightly.
   */
  arrived(id: string, isInPlace = true): void {
    this.#snapshot = undefined
    const number = this.#arrivals
    this.#arrivals += 1
    if (this.#known.has(id) || this.#pending.has(id)) return this.#tally.blame('repeated', id)
    const absence = this.#absent.get(id)
    this.#absent.delete(id)
    const isJudged = isInPlace && absence?.state !== 'excused'
    const arrival: Arrival = { id, number, isInPlace: isJudged, state: 'pending' }
    if (absence?.state === 'missing') this.#tally.acquit(id)
    keep(this.#known, MAX_KNOWN, id, arrival)
    if (absence !== undefined) return this.#match(arrival, absence.place)
    const dropped = keep(this.#pending, MAX_PENDING, id, arrival)
    if (dropped !== undefined) this.#giveUp(dropped)
  }

  /** The next page of the log, in its order, and the cursor behind it; something may be gone before it. */
  reread(ids: readonly string[], cursor: string, isAfterGap = false): void {
    this.#snapshot = undefined
    if (isAfterGap) this.#tally.counts.gaps += 1
    this.#anchor = cursor
    for (const id of ids) this.#find(id, this.#reread++)
  }

  /**
   * The log was read to its end, from when `arrivals` was `before` on: of what had arrived by then,
   * what wasn't found is no longer there.
   */
  readToEnd(before: number): void {
    this.#snapshot = undefined
    for (const [id, arrival] of this.#pending) {
      if (arrival.number >= before) break
      this.#pending.delete(id)
      this.#giveUp(arrival)
    }
    this.#order.forget(before)
  }

  /** The connection's position has passed these, and those among them that are awaited are missing. */
  passed(ids: readonly string[]): void {
    this.#snapshot = undefined
    for (const id of ids) {
      const absence = this.#absent.get(id)
      if (absence?.state !== 'awaited') continue
      this.#absent.set(id, { ...absence, state: 'missing' })
      this.#tally.blame('missing', id)
    }
  }

  /** The server told of a loss. */
  told(): void {
    this.#snapshot = undefined
    this.#tally.counts.resyncs += 1
  }

  /**
   * Compares from this cursor on, at which the connection stood when `arrivals` was `from`. What
   * arrived before and was not found counts as not read again; what has not arrived is no fault.
   */
  beginAnew(anchor: string, from: number): void {
    this.readToEnd(from)
    // What is read twice now stands elsewhere than before.
    this.#order.forget(Number.POSITIVE_INFINITY)
    for (const id of this.awaited) this.#absent.set(id, { place: 0, state: 'excused' })
    this.#anchor = anchor
  }

  getSnapshot(): ProofSnapshot {
    this.#snapshot ??= {
      ...this.#tally.counts,
      pending: this.#pending.size,
      awaited: this.awaited.length,
      faults: this.#tally.faults,
    }
    return this.#snapshot
  }

  #find(id: string, place: number): void {
    const arrival = this.#pending.get(id) ?? this.#known.get(id)
    this.#pending.delete(id)
    if (arrival !== undefined) return this.#match(arrival, place)
    if (this.#absent.get(id)?.state === 'missing') return
    keep(this.#absent, MAX_ABSENT, id, { place, state: 'awaited' })
  }

  /** It stands here in what is read now; in what was read before, it may have stood elsewhere. */
  #match(arrival: Arrival, place: number): void {
    const { counts } = this.#tally
    const { state, isInPlace } = arrival
    if (state === 'unread') counts.notReread -= 1
    if (state === 'unread' || state === 'pending') {
      counts.verified += 1
      arrival.state = 'verified'
    }
    if (!isInPlace) return
    for (const late of this.#order.add(arrival, place)) {
      if (late.state !== 'verified') continue
      late.state = 'late'
      counts.verified -= 1
      this.#tally.blame('outOfOrder', late.id)
    }
  }

  #giveUp(arrival: Arrival): void {
    arrival.state = 'unread'
    this.#tally.counts.notReread += 1
  }
}

/** Sets it; returns what was set first, dropped where this makes one too many. */
function keep<Value>(
  map: Map<string, Value>,
  max: number,
  id: string,
  value: Value,
): Value | undefined {
  map.set(id, value)
  if (map.size <= max) return undefined
  const [[oldest, dropped] = [id, value]] = map
  map.delete(oldest)
  return dropped
}
