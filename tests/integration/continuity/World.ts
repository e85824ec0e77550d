// The server under test and all that the model knows of it: the clocks, the logs as its broker
// handed them over, what was published, and what was found wrong.

import { performance } from 'node:perf_hooks'
import { pino } from 'pino'
import type { Broker, BrokerSink } from '../../../server/brokers/Broker.js'
import type { Entry } from '../../../server/brokers/Entry.js'
import { LocalBroker } from '../../../server/brokers/LocalBroker.js'
import type { SyncServer } from '../../../server/createSyncServer.js'
import { formatCursor, type Position } from '../../../shared/cursor.js'
import { startTestServer, type TestServer } from '../../support/testServer.js'
import { type Limits, LogRecord, type Moment } from './LogRecord.js'
import { Publications } from './Publications.js'
import type { Violation } from './session.js'

const DAY_MS = 86_400_000

interface WorldOptions {
  readonly limits: Limits
  /** The log's identity at its n-th start. */
  readonly epochOf: (start: number) => string
  readonly compression?: boolean
}

export class World {
  readonly limits: Limits
  readonly publications = new Publications()
  readonly violations: Violation[] = []
  /** Unix milliseconds as the server sees them. It may jump. */
  wallMs = 1_763_650_000_000
  /** What messages age by. It stands still, but for steps, and while a server stops. */
  ageMs = 0
  #log: LogRecord | undefined
  #server: TestServer | undefined
  #ticks = 0
  #starts = 0
  readonly #faults: string[] = []
  #closingSince: number | undefined
  #publishing = 0
  #restarting: Promise<void> | undefined
  readonly #epochOf: (start: number) => string
  readonly #compression: boolean

  private constructor({ limits, epochOf, compression = false }: WorldOptions) {
    this.limits = limits
    this.#epochOf = epochOf
    this.#compression = compression
  }

  static async start(options: WorldOptions): Promise<World> {
    const world = new World(options)
    await world.#start()
    return world
  }

  get url(): string {
    return this.#server?.url ?? ''
  }

  get server(): SyncServer {
    return this.#server!.server
  }

  /** The log that a request to `url` reads. */
  get log(): LogRecord {
    return this.#log!
  }

  get isRestarting(): boolean {
    return this.#restarting !== undefined
  }

  async ready(): Promise<void> {
    while (this.#restarting !== undefined) await this.#restarting
  }

  /** What the server said of faults of its own. */
  get faults(): readonly string[] {
    return this.#faults
  }

  now(): Moment {
    this.#ticks += 1
    return { tick: this.#ticks, clock: this.#monotonicMs() }
  }

  /** Nothing is published across a restart, so that every answer says what became of its message. */
  async publish(act: () => Promise<void>): Promise<void> {
    await this.ready()
    this.#publishing += 1
    await act().finally(() => {
      this.#publishing -= 1
    })
  }

  async restart(): Promise<void> {
    this.#restarting ??= this.#restart().finally(() => {
      this.#restarting = undefined
    })
    await this.#restarting
  }

  async close(): Promise<void> {
    // A stop that waits for its clients needs a clock that moves.
    this.#closingSince = performance.now()
    await this.#server?.close()
    this.ageMs = this.#monotonicMs()
    this.#closingSince = undefined
  }

  async #restart(): Promise<void> {
    while (this.#publishing > 0) await new Promise((resolve) => setTimeout(resolve, 1))
    await this.close()
    await this.#start()
  }

  async #start(): Promise<void> {
    this.#starts += 1
    const { messagesPerAudience, ttlMs } = this.limits
    const monotonicNow = () => this.#monotonicMs()
    const broker = new LocalBroker({
      epoch: this.#epochOf(this.#starts),
      wallNow: () => this.wallMs,
      monotonicNow,
      idempotencyTtlMs: DAY_MS,
      maxIdempotencyKeys: 1_000_000,
    })
    this.#server = await startTestServer({
      broker: this.#recorded(broker),
      monotonicNow,
      maxMessagesPerAudience: messagesPerAudience,
      messageTtlMs: ttlMs,
      // Who unpacks much on a crowded machine may leave two short ones unanswered.
      heartbeatMs: this.#compression ? 1000 : 100,
      compression: this.#compression,
      logger: pino({ level: 'error' }, { write: (line) => this.#faults.push(line) }),
      shutdownTimeoutMs: 200,
    })
  }

  /** A broker whose words are written down before the server hears them. */
  #recorded(broker: Broker): Broker {
    const recording = (sink: BrokerSink): BrokerSink => ({
      began: () => sink.began(),
      lose: (upTo: Position) => sink.lose(upTo),
      count: (audience, kind) => sink.count(audience, kind),
      begin: (epoch: string, start: Position) => {
        this.#log = new LogRecord(formatCursor(start, epoch), this.limits)
        this.publications.began(this.#log)
        sink.begin(epoch, start)
      },
      apply: (entry: Entry) => {
        const { ms, counter, kind, cursor, audience, json } = entry
        this.log.add({ ms, counter, kind, cursor, audience, json, appliedAt: this.now() })
        sink.apply(entry)
      },
    })
    return {
      start: (sink) => broker.start(recording(sink)),
      append: (publications) => broker.append(publications),
      close: () => broker.close(),
    }
  }

  #monotonicMs(): number {
    const since = this.#closingSince
    return this.ageMs + (since === undefined ? 0 : performance.now() - since)
  }
}
