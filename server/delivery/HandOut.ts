// Hands one turn out to all who want something of it, each its one batch: a slice at a time, so that
// a fan-out over thousands of connections doesn't hold the event loop. What becomes of a connection
// between two slices is its own affair: one that has read on by itself is passed over.

import type { AudienceKey } from '../../shared/audience.js'
import { comparePositions, type Position, positionOf } from '../../shared/cursor.js'
import type { Entry } from '../brokers/Entry.js'
import type { Batch } from './Batch.js'
import type { Connection } from './Connection.js'
import type { Run, Turn } from './Turn.js'

/** How many connections are served between two looks at the clock. */
const SERVED_PER_LOOK = 16

interface HandOutOptions {
  readonly turn: Turn
  readonly readersOf: (key: AudienceKey) => Iterable<Connection>
  /** Whether what came in this turn may still be delivered. */
  readonly isFresh: () => boolean
  /** Told of a connection that threw. */
  readonly onFault: (connection: Connection, error: unknown) => void
}

export class HandOut {
  readonly #options: HandOutOptions
  readonly #batches = new Map<Connection, Batch>()
  readonly #rest: Iterator<[Connection, Batch]>
  readonly turn: Turn
  /** Where it ends. */
  readonly upTo: Position

  constructor(options: HandOutOptions) {
    this.#options = options
    this.turn = options.turn
    this.upTo = positionOf(this.turn.upTo)
    for (const run of this.turn.runs) this.#add(run)
    this.#rest = this.#batches.entries()
  }

  /** Serves connections as long as there is time. True where all are served. */
  serve(hasTime: () => boolean): boolean {
    const isFresh = this.#options.isFresh()
    for (let served = 1; ; served += 1) {
      const next = this.#rest.next()
      if (next.done) return true
      this.#deliver(next.value[0], next.value[1], isFresh)
      if (served % SERVED_PER_LOOK === 0 && !hasTime()) return false
    }
  }

  /** What one connection has yet to get of it. It is taken out: whoever asks hands it over. */
  take(connection: Connection): readonly Entry[] {
    const batch = this.#batches.get(connection)
    this.forget(connection)
    return batch !== undefined && this.#isWaiting(connection) ? batch.entries : NOTHING
  }

  /** Nothing of it is for this connection any more. */
  forget(connection: Connection): void {
    this.#batches.delete(connection)
  }

  #add(run: Run): void {
    const last = run.entries.at(-1)
    for (const key of run.audience) {
      for (const connection of this.#options.readersOf(key)) {
        const batch = this.#batches.get(connection) ?? this.turn.empty
        if (batch.last === last) continue
        const wanted = wantedOf(run, connection)
        if (wanted.length > 0) this.#batches.set(connection, batch.with(wanted))
      }
    }
  }

  #deliver(connection: Connection, batch: Batch, isFresh: boolean): void {
    if (!this.#isWaiting(connection)) return
    try {
      if (isFresh) connection.deliver(batch, this.upTo)
      // The process was held up for longer than a message lives: the log says what is left.
      else connection.catchUp()
    } catch (error) {
      this.#options.onFault(connection, error)
    }
  }

  #isWaiting({ isLive, position }: Connection): boolean {
    return isLive && comparePositions(position, this.upTo) < 0
  }
}

const NOTHING: readonly Entry[] = []

/** What of a run a connection has yet to get. It may have come in the middle of it. */
export function wantedOf({ kind, entries }: Run, connection: Connection): readonly Entry[] {
  const isDeaf = !connection.isLive || (kind === 'resync' && !connection.hearsForced)
  const [first] = entries
  if (isDeaf || first === undefined) return NOTHING
  const { position } = connection
  if (comparePositions(position, first) < 0) return entries
  return entries.filter((entry) => comparePositions(entry, position) > 0)
}
