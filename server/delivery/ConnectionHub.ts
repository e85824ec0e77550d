// Who is connected, and what each of them gets. Once per turn of the event loop the hub looks at
// what was appended, finds who is affected, and hands each of them one batch. It holds no queue:
// a connection that can't take its batch reads the log by itself until it has caught up.
//
//   entry ─► Turn ─(once per loop)─► HandOut ─► live connections: one write each
//              ▲                      │  └────► connections behind: left alone, they read the log
//              └── the next one waits ┘  a slice per loop, where there are very many

import type { AudienceKey } from '../../shared/audience.js'
import { laterOf, type Position, positionOf } from '../../shared/cursor.js'
import type { Entry } from '../brokers/Entry.js'
import type { MessageQueueService } from '../services/MessageQueueService.js'
import type { Connection, TransportName } from './Connection.js'
import { HandOut, wantedOf } from './HandOut.js'
import { Turn } from './Turn.js'

/** How long a fan-out may hold the event loop at a time. */
const SLICE_MS = 8

/**
 * A connection's turn to be beaten comes once per round of slots. There is one tick more in an
 * interval than there are slots, so that timers that run late still keep the promised interval.
 */
const BEAT_SLOTS = 15
const TICKS_PER_INTERVAL = BEAT_SLOTS + 1

interface ConnectionHubOptions {
  readonly log: MessageQueueService
  readonly heartbeatMs: number
  /** Milliseconds that never jump. */
  readonly monotonicNow: () => number
  /** Told of a connection that threw; it is dropped, the others are served. */
  readonly onFault: (error: unknown) => void
}

export class ConnectionHub {
  readonly #options: ConnectionHubOptions
  readonly #byAudience = new Map<AudienceKey, Set<Connection>>()
  readonly #beatSlots: Set<Connection>[] = Array.from({ length: BEAT_SLOTS }, () => new Set())
  readonly #slotOf = new Map<Connection, Set<Connection>>()
  /** What was appended since the last turn was handed out, and what is being handed out. */
  #turn: Turn | undefined
  #handOut: HandOut | undefined
  #isScheduled = false
  #flushed: Position
  #beatTimer: NodeJS.Timeout | undefined
  #nextSlot = 0
  #delivered = 0
  #isReplaying = false

  constructor(options: ConnectionHubOptions) {
    this.#options = options
    this.#flushed = options.log.head
  }

  /** Starts the heartbeats. */
  start(): void {
    let slot = 0
    this.#beatTimer = setInterval(() => {
      for (const connection of this.#beatSlots[slot] ?? [])
        this.guard(connection, () => connection.beat())
      slot = (slot + 1) % BEAT_SLOTS
    }, this.#options.heartbeatMs / TICKS_PER_INTERVAL)
  }

  stop(): void {
    clearInterval(this.#beatTimer)
  }

  get connections(): IterableIterator<Connection> {
    return this.#slotOf.keys()
  }

  get size(): number {
    return this.#slotOf.size
  }

  /** Entries handed to connections since the start. */
  get delivered(): number {
    return this.#delivered
  }

  noteDelivered(entries: number): void {
    this.#delivered += entries
  }

  /** Where a live connection stands: everything up to here was handed out. */
  get flushed(): Position {
    return this.#flushed
  }

  countByTransport(): Record<TransportName, number> {
    const counts = { websocket: 0, sse: 0, longPoll: 0 }
    for (const { transport } of this.connections) counts[transport] += 1
    return counts
  }

  /** How many connections an audience has now, each counted once. */
  count(audience: readonly AudienceKey[], isForced = false): number {
    const reached = new Set<Connection>()
    for (const key of audience) {
      const connections = this.#byAudience.get(key)
      if (connections === undefined) continue
      if (audience.length === 1 && !isForced) return connections.size
      for (const connection of connections) {
        if (!isForced || connection.hearsForced) reached.add(connection)
      }
    }
    return reached.size
  }

  add(connection: Connection): void {
    const slot = this.#beatSlots[this.#nextSlot] ?? new Set()
    this.#nextSlot = (this.#nextSlot + 1) % BEAT_SLOTS
    slot.add(connection)
    this.#slotOf.set(connection, slot)
    for (const key of connection.reading.keys()) this.#index(key, connection)
  }

  remove(connection: Connection): void {
    this.#handOut?.forget(connection)
    this.#slotOf.get(connection)?.delete(connection)
    this.#slotOf.delete(connection)
    for (const key of connection.reading.keys()) this.#unindex(key, connection)
  }

  /** Adds audiences, each read from its position on. */
  addAudiences(connection: Connection, reading: Iterable<readonly [AudienceKey, Position]>): void {
    for (const [key, from] of reading) {
      connection.reading.set(key, from)
      this.#index(key, connection)
    }
  }

  removeAudiences(connection: Connection, keys: Iterable<AudienceKey>): void {
    for (const key of keys) {
      if (connection.reading.delete(key)) this.#unindex(key, connection)
    }
  }

  /** A log is about to begin, in the place of the one before: what that had is handed out. */
  logEnds(): void {
    this.flush()
    this.#isReplaying = true
  }

  /** The new log holds all that it retained: everybody goes on in it. */
  logBegan(): void {
    this.#isReplaying = false
    for (const connection of this.connections) this.guard(connection, () => connection.restart())
    this.#flushed = this.#options.log.head
  }

  /** What stood in the log up to its head never came here: everybody hears of it. */
  lost(): void {
    for (const connection of this.connections) this.guard(connection, () => connection.catchUp())
    this.#flushed = this.#options.log.head
  }

  /** An entry is in the log: it goes out with this turn. */
  entryApplied(entry: Entry): void {
    if (this.#isReplaying) return
    if (this.#turn === undefined) this.#turn = new Turn(entry, this.#options.log.lastArrival)
    else this.#turn.add(entry)
    if (!this.#turn.isFull) return this.#schedule()
    // More than goes out in time: whoever appends waits for the turn before.
    if (this.#handOut !== undefined) this.#finish()
    this.#serve()
  }

  /** Hands out all that was appended. */
  flush(): void {
    while (this.#handOut !== undefined || this.#turn !== undefined) this.#finish()
  }

  /** Hands one connection all that was appended and that it still reads; the others wait their turn. */
  settle(connection: Connection): void {
    const handOut = this.#handOut
    const turn = this.#turn ?? handOut?.turn
    if (turn === undefined) return
    const appended = this.#turn?.runs.flatMap((run) => wantedOf(run, connection)) ?? []
    const owed = [...(handOut?.take(connection) ?? []), ...appended].filter(({ audience }) =>
      audience.some((key) => connection.reading.has(key)),
    )
    if (owed.length === 0) return
    const isFresh = this.#options.log.isFresh((handOut?.turn ?? turn).began)
    this.guard(connection, () => {
      if (isFresh) connection.deliver(turn.empty.with(owed), positionOf(turn.upTo))
      else connection.catchUp()
    })
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#serve()
    })
  }

  /** One slice: of what is being handed out, or of what came since. */
  #serve(): void {
    const { monotonicNow } = this.#options
    const until = monotonicNow() + SLICE_MS
    this.#serveWhile(() => monotonicNow() < until)
    if (this.#handOut !== undefined || this.#turn !== undefined) this.#schedule()
  }

  #finish(): void {
    this.#serveWhile(() => true)
  }

  #serveWhile(hasTime: () => boolean): void {
    this.#handOut ??= this.#beginHandOut()
    const handOut = this.#handOut
    if (handOut === undefined || !handOut.serve(hasTime)) return
    this.#flushed = laterOf(this.#flushed, handOut.upTo)
    if (this.#handOut === handOut) this.#handOut = undefined
  }

  #beginHandOut(): HandOut | undefined {
    const turn = this.#turn
    if (turn === undefined) return undefined
    this.#turn = undefined
    const { log } = this.#options
    return new HandOut({
      turn,
      readersOf: (key) => this.#byAudience.get(key) ?? [],
      isFresh: () => log.isFresh(turn.began),
      onFault: (connection, error) => this.#drop(connection, error),
    })
  }

  /** Runs what one connection does for itself: its fault must not touch another. */
  guard(connection: Connection, act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#drop(connection, error)
    }
  }

  #drop(connection: Connection, fault: unknown): void {
    this.#options.onFault(fault)
    this.remove(connection)
    try {
      connection.destroy()
    } catch (error) {
      this.#options.onFault(error)
    }
  }

  #index(key: AudienceKey, connection: Connection): void {
    const connections = this.#byAudience.get(key) ?? new Set()
    connections.add(connection)
    this.#byAudience.set(key, connections)
  }

  #unindex(key: AudienceKey, connection: Connection): void {
    const connections = this.#byAudience.get(key)
    connections?.delete(connection)
    if (connections?.size === 0) this.#byAudience.delete(key)
  }
}
