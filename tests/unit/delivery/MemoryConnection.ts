// A streaming connection whose medium is an array, and which is full when the test says so.

import type { Batch } from '../../../server/delivery/Batch.js'
import type { Connection } from '../../../server/delivery/Connection.js'
import { ConnectionHub } from '../../../server/delivery/ConnectionHub.js'
import type { Format } from '../../../server/delivery/Format.js'
import { StreamConnection, type StreamContext } from '../../../server/delivery/StreamConnection.js'
import { MessageQueueService } from '../../../server/services/MessageQueueService.js'
import { ORIGIN, type Position, parseSince } from '../../../shared/cursor.js'
import type { Principal } from '../../../shared/principal.js'
import { at, EPOCH, messageAt, resyncAt } from '../../support/entries.js'

/** One JSON text per line. */
export const lineFormat: Format = {
  entry({ kind, json, cursor }) {
    const line =
      kind === 'message'
        ? `{"op":"message","message":${json}}`
        : JSON.stringify({ op: 'resync', reason: 'forced', cursor })
    return Buffer.from(`${line}\n`)
  },
  event: (name, bodyJson) =>
    Buffer.from(`${JSON.stringify({ op: name, ...JSON.parse(bodyJson) })}\n`),
}

export const ann: Principal = {
  userId: 'ann',
  roles: [],
  topics: { subscribe: ['*'], publish: [] },
}

export class MemoryConnection extends StreamConnection {
  readonly transport = 'websocket'
  protected readonly format = lineFormat
  readonly writes: Buffer[] = []
  /** Whether the medium wants more after a write. */
  hasRoom: (bytes: Buffer) => boolean = () => true
  isOpen = true
  isDestroyed = false

  protected write(bytes: Buffer): boolean {
    this.writes.push(bytes)
    return this.hasRoom(bytes)
  }

  expire(): void {
    this.isOpen = false
  }

  close(): void {
    this.isOpen = false
  }

  destroy(): void {
    this.isOpen = false
    this.isDestroyed = true
  }

  /** The medium takes bytes again. */
  roomAgain(): void {
    this.drained()
  }

  /** What was written so far, as the client understands it. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into frames freely
  get frames(): any[] {
    const text = Buffer.concat(this.writes).toString()
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
  }

  /** What a client would have: the ids of the messages and the other ops, in order. */
  get told(): string[] {
    return this.frames.map(({ op, message }) => (op === 'message' ? message.id : op))
  }
}

/** A connection that the hub sees and the test looks through: it keeps the batches. */
export class PlainConnection implements Connection {
  readonly transport: Connection['transport']
  principal = ann
  readonly reading: Map<string, Position>
  position = ORIGIN
  isLive = true
  hearsForced = true
  readonly batches: Batch[] = []
  readonly calls: string[] = []
  /** What the test does when it is called. */
  onCall: (call: string) => void = () => {}

  constructor(keys: readonly string[], transport: Connection['transport'] = 'websocket') {
    this.transport = transport
    this.reading = new Map(keys.map((key) => [key, ORIGIN]))
  }

  deliver(batch: Batch, _upTo: Position): void {
    this.batches.push(batch)
  }

  catchUp(): void {
    this.#called('catchUp')
  }

  restart(): void {
    this.#called('restart')
  }

  beat(): void {
    this.#called('beat')
  }

  drain(reconnectAfterMs: number): void {
    this.#called(`drain ${reconnectAfterMs}`)
  }

  expire(): void {
    this.#called('expire')
  }

  close(): void {
    this.#called('close')
  }

  destroy(): void {
    this.#called('destroy')
  }

  #called(call: string): void {
    this.calls.push(call)
    this.onCall(call)
  }

  /** What each batch says, one text per batch. */
  get texts(): string[] {
    return this.batches.map((batch) => batch.bytes(lineFormat).toString())
  }
}

/** A log and a hub, fed as the composition root feeds them, at a clock of the test's own. */
export class Stage {
  /** By which messages age, and by which a fan-out takes its time. */
  readonly clock = { ms: 0 }
  readonly fanOutClock = { ms: 0 }
  readonly faults: unknown[] = []
  readonly log: MessageQueueService
  readonly hub: ConnectionHub
  readonly #context: StreamContext
  #nextId = 0

  constructor({ maxMessagesPerAudience = 10_000 } = {}) {
    this.log = new MessageQueueService({
      ttlMs: 1000,
      maxMessagesPerAudience,
      maxBytes: 1e9,
      maxMarks: 1000,
      now: () => this.clock.ms,
    })
    this.hub = new ConnectionHub({
      log: this.log,
      heartbeatMs: 1500,
      monotonicNow: () => this.fanOutClock.ms,
      onFault: (fault) => this.faults.push(fault),
    })
    this.log.begin(EPOCH, at(1000))
    this.hub.logBegan()
    this.#context = {
      hub: this.hub,
      log: this.log,
      heartbeatMs: 1500,
      maxPayloadBytes: 1024,
      newId: () => `c${this.#nextId++}`,
    }
  }

  /** Appends a message without ending the turn. */
  append(ms: number, audience: readonly string[] = ['*'], payload?: unknown): void {
    const entry = messageAt(at(ms), audience, payload, this.log.epoch)
    this.log.apply(entry)
    this.hub.entryApplied(entry)
  }

  force(ms: number, audience: readonly string[] = ['*']): void {
    const entry = resyncAt(at(ms), audience)
    this.log.apply(entry)
    this.hub.entryApplied(entry)
  }

  /** Appends a message in a turn of its own. */
  publish(ms: number, audience?: readonly string[], payload?: unknown): void {
    this.append(ms, audience, payload)
    this.hub.flush()
  }

  /** Another log takes the place of this one, with what it retained: as a broker hands it over. */
  beginAnother(retained: readonly number[] = [], { start = 1000, lostUpTo = 0 } = {}): void {
    this.hub.logEnds()
    this.log.begin(OTHER_EPOCH, at(start), at(lostUpTo))
    for (const ms of retained) this.append(ms)
    this.hub.logBegan()
  }

  /** What stood up to here left before it came: as a broker says it. */
  lose(upTo: number): void {
    this.hub.flush()
    this.log.lose(at(upTo))
    this.hub.lost()
  }

  open(
    audiences: readonly string[] = ['*'],
    { since = 'now', hasRoom = true }: { since?: string; hasRoom?: boolean } = {},
  ): MemoryConnection {
    const connection = new MemoryConnection(this.#context, ann)
    connection.hasRoom = () => hasRoom
    connection.open({ audiences, topics: [], denied: [] }, parseSince(since)!)
    return connection
  }
}

const OTHER_EPOCH = 'epoch1'

export const cursorOf = (ms: number): string => `${ms}-0.${EPOCH}`

/** In the log that began in the place of the first. */
export const otherCursorOf = (ms: number): string => `${ms}-0.${OTHER_EPOCH}`

/** Lets everything run that waits for the end of this turn of the event loop. */
export const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
