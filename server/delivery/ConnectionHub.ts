// Who is connected, and what each of them gets. Once per turn of the event loop the hub looks at
// what was appended, finds who is affected, and hands each of them one batch. It holds no queue:
// a connection that can't take its batch reads the log by itself until it has caught up.
//
//   entry ─► turn ─(once per loop)─► flush ─► live connections: one write each
//                                        └──► connections behind: left alone, they read the log

import type { AudienceKey } from '../../shared/audience.js'
import { comparePositions, type Position } from '../../shared/cursor.js'
import type { Entry } from '../brokers/Entry.js'
import type { MessageQueueService } from '../services/MessageQueueService.js'
import { type Batch, Turn } from './Batch.js'
import type { Connection, TransportName } from './Connection.js'

/** A turn is flushed early when it holds this much, so that one loop can't collect without bound. */
const MAX_TURN_ENTRIES = 500
const MAX_TURN_CHARACTERS = 1 << 17

/**
 * A connection's turn to be beaten comes once per round of slots. There is one tick more in an
 * interval than there are slots, so that timers that run late still keep the promised interval.
 */
const BEAT_SLOTS = 15
const TICKS_PER_INTERVAL = BEAT_SLOTS + 1

interface ConnectionHubOptions {
  readonly log: MessageQueueService
  readonly heartbeatMs: number
  /** Told of a connection that threw; it is dropped, the others are served. */
  readonly onFault: (error: unknown) => void
}

export class ConnectionHub {
  readonly #options: ConnectionHubOptions
  readonly #byAudience = new Map<AudienceKey, Set<Connection>>()
  readonly #beatSlots: Set<Connection>[] = Array.from({ length: BEAT_SLOTS }, () => new Set())
  readonly #slotOf = new Map<Connection, Set<Connection>>()
  #turn: Entry[] = []
  #turnCharacters = 0
  #turnBegan = 0
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
    if (this.#turn.length === 0) {
      this.#turnBegan = this.#options.log.lastArrival
      setImmediate(() => this.flush())
    }
    this.#turn.push(entry)
    this.#turnCharacters += entry.json.length
    const isFull =
      this.#turn.length >= MAX_TURN_ENTRIES || this.#turnCharacters >= MAX_TURN_CHARACTERS
    if (isFull) this.flush()
  }

  /** Hands out what was appended since the last flush. */
  flush(): void {
    const entries = this.#turn
    if (entries.length === 0) return
    this.#turn = []
    this.#turnCharacters = 0
    const batches = this.#batchesOf(entries)
    if (this.#options.log.isFresh(this.#turnBegan)) {
      // Before the batches go out, so that one who falls behind on his batch stands after it.
      this.#flushed = this.#options.log.head
      for (const [connection, batch] of batches) {
        this.guard(connection, () => connection.deliver(batch))
      }
    } else {
      // The process was held up for longer than a message lives: the log says what is left.
      for (const connection of batches.keys()) this.guard(connection, () => connection.catchUp())
      this.#flushed = this.#options.log.head
    }
  }

  #batchesOf(entries: readonly Entry[]): Map<Connection, Batch> {
    const { empty } = new Turn()
    const batches = new Map<Connection, Batch>()
    for (const entry of entries) {
      for (const key of entry.audience) {
        for (const connection of this.#byAudience.get(key) ?? []) {
          const batch = batches.get(connection) ?? empty
          if (batch.last === entry || !wants(connection, entry)) continue
          batches.set(connection, batch.with(entry))
        }
      }
    }
    return batches
  }

  /** Runs what one connection does for itself: its fault must not touch another. */
  guard(connection: Connection, act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#options.onFault(error)
      this.remove(connection)
      this.#destroy(connection)
    }
  }

  #destroy(connection: Connection): void {
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

function wants(connection: Connection, entry: Entry): boolean {
  if (!connection.isLive || comparePositions(entry, connection.position) <= 0) return false
  return entry.kind === 'message' || connection.hearsForced
}
