// A connection that streams, whatever the medium: a cursor in the log and a way to write bytes.
//
//            ┌────────── caught up ──────────┐
//            ▼                               │
//   live (the hub hands out) ── write() said "full" ──► behind (blocked) ── drained ──► reading
//            ▲                                               ▲                             │
//            └── nothing left to read ───────────────────────┼─────────────────────────────┤
//                                                            └──── write() said "full" ────┘
//
// It never holds more than one page or batch, so a slow reader costs no memory: it stands further
// back in the log, and is told `lagged` when retention has passed it.

import type { AudienceKey } from '../../shared/audience.js'
import {
  comparePositions,
  laterOf,
  ORIGIN,
  type Position,
  type Since,
} from '../../shared/cursor.js'
import type { Connected } from '../../shared/frames.js'
import type { ResyncReason } from '../../shared/message.js'
import type { Principal } from '../../shared/principal.js'
import type { Entry } from '../brokers/Entry.js'
import type { Loss, MessageQueueService } from '../services/MessageQueueService.js'
import { resume, resyncReason } from '../services/resume.js'
import type { Batch } from './Batch.js'
import { Catchup, type SentSpan } from './Catchup.js'
import type { Connection, TransportName } from './Connection.js'
import type { ConnectionHub } from './ConnectionHub.js'
import type { Format } from './Format.js'

const PAGE = { limit: 100, maxBytes: 64 * 1024 }

/** How many pages a reader may take before it lets the event loop turn. */
const PAGES_PER_TURN = 16

/** How many spans of dropped audiences a connection remembers. */
const MAX_DROPPED_SPANS = 200

/** What every streaming connection is built with. */
export interface StreamContext {
  readonly hub: ConnectionHub
  readonly log: MessageQueueService
  readonly heartbeatMs: number
  readonly maxPayloadBytes: number
  readonly newId: () => string
}

/** What a connection reads, of what was asked for. */
export interface Granted {
  readonly audiences: readonly AudienceKey[]
  readonly topics: readonly string[]
  readonly denied: readonly string[]
}

/** Resyncs that were forced on these audiences before the connection began. */
interface ToldForced {
  readonly upTo: Position
  readonly audiences: ReadonlySet<AudienceKey>
}

export abstract class StreamConnection implements Connection {
  abstract readonly transport: TransportName
  readonly id: string
  readonly hearsForced = true
  readonly reading = new Map<AudienceKey, Position>()
  readonly #context: StreamContext
  readonly #catchups: Catchup[] = []
  /** Of audiences that are no longer read; a few are remembered, so that nothing is sent twice. */
  readonly #dropped: SentSpan[] = []
  #principal: Principal
  #position = ORIGIN
  #isLive = false
  #isBlocked = false
  #isReadScheduled = false
  /** Up to where the client knows of each audience's losses, or had no position to lose. */
  readonly #toldLosses = new Map<AudienceKey, Position>()
  #toldForced: ToldForced | undefined

  constructor(context: StreamContext, principal: Principal) {
    this.#context = context
    this.#principal = principal
    this.id = context.newId()
  }

  /** Hands bytes to the medium. False where it wants no more until it calls `drained`. */
  protected abstract write(bytes: Buffer): boolean
  protected abstract readonly format: Format
  abstract readonly isOpen: boolean
  abstract close(): void
  abstract destroy(): void

  get principal(): Principal {
    return this.#principal
  }

  get position(): Position {
    return this.#isLive ? laterOf(this.#position, this.#context.hub.flushed) : this.#position
  }

  get isLive(): boolean {
    return this.#isLive
  }

  get isBlocked(): boolean {
    return this.#isBlocked
  }

  /** Says `connected`, joins the hub, and sends what was missed. */
  open({ audiences, topics, denied }: Granted, since: Since): void {
    const { hub, log, heartbeatMs, maxPayloadBytes } = this.#context
    for (const key of audiences) this.reading.set(key, ORIGIN)
    const start = resume(log, this.reading, since)
    const { losses, isForced } = log.survey(this.reading, start.position)
    const reason = resyncReason(start, losses, isForced)
    for (const key of audiences) this.reading.set(key, start.position)
    this.#position = start.position
    this.#noteTold(losses)
    this.#toldForced = { upTo: log.head, audiences: new Set(audiences) }
    const connected: Connected = {
      protocol: 1,
      connectionId: this.id,
      userId: this.principal.userId,
      cursor: this.#cursor(),
      resync: reason !== undefined,
      ...(reason !== undefined && { reason }),
      topics,
      denied,
      heartbeat: heartbeatMs,
      maxPayload: maxPayloadBytes,
    }
    this.say('connected', connected)
    hub.add(this)
    this.#read()
  }

  deliver(batch: Batch): void {
    this.#put(batch.bytes(this.format))
  }

  catchUp(): void {
    this.#fallBehind()
    this.#read()
  }

  beat(): void {
    if (!this.#isBlocked) this.say('heartbeat', { cursor: this.#cursor() })
  }

  drain(reconnectAfterMs: number): void {
    this.say('drain', { reconnectAfter: reconnectAfterMs })
  }

  /** Adds audiences from here on. Returns the position that "here" is. */
  addAudiences(keys: readonly AudienceKey[]): Position {
    const here = this.#moveToHead()
    const added = keys.filter((key) => !this.reading.has(key))
    this.#context.hub.addAudiences(
      this,
      added.map((key) => [key, here] as const),
    )
    return here
  }

  /**
   * Adds audiences from `since` on: what they hold up to the connection's position is sent first,
   * marked as catch-up, then `done` is called. Live messages wait meanwhile, so order holds.
   */
  addAudiencesSince(
    keys: readonly AudienceKey[],
    since: Since,
    done: (cursor: string, reason: ResyncReason | undefined) => void,
  ): void {
    const { log, hub } = this.#context
    const upTo = this.#moveToHead()
    const sent = [...this.#dropped, ...this.#spans(this.reading.keys())]
    const start = resume(log, new Map(keys.map((key) => [key, ORIGIN])), since)
    const added = keys.map((key) => {
      const from = this.reading.get(key) ?? start.position
      return [key, comparePositions(from, start.position) < 0 ? from : start.position] as const
    })
    hub.addAudiences(this, added)
    this.#fallBehind()
    const onDone = (reason: ResyncReason | undefined) => done(log.cursorAt(upTo), reason)
    this.#catchups.push(new Catchup({ log, keys, start, upTo, sent, onDone }))
    this.#read()
  }

  removeAudiences(keys: readonly AudienceKey[]): void {
    const isSure = (key: AudienceKey) => !this.#catchups.some((catchup) => catchup.has(key))
    this.#dropped.push(...this.#spans(keys.filter(isSure)))
    this.#dropped.splice(0, this.#dropped.length - MAX_DROPPED_SPANS)
    for (const key of keys) {
      for (const catchup of this.#catchups) catchup.drop(key)
      this.#toldLosses.delete(key)
    }
    this.#context.hub.removeAudiences(this, keys)
  }

  /** Replaces the rights: `audiences` is all that may be read from now on. */
  become(principal: Principal, audiences: readonly AudienceKey[]): void {
    this.#principal = principal
    const kept = new Set(audiences)
    this.removeAudiences([...this.reading.keys()].filter((key) => !kept.has(key)))
    this.addAudiences(audiences)
  }

  /** To be called when the medium takes bytes again. */
  protected drained(): void {
    this.#isBlocked = false
    this.#context.hub.guard(this, () => this.#read())
  }

  /** Writes one event that is not an entry of the log. */
  say(name: string, body: object): void {
    const cursor = 'cursor' in body ? String(body.cursor) : undefined
    this.#put(this.format.event(name, JSON.stringify(body), cursor))
  }

  /** What of these audiences is sent once the catch-ups that are under way have ended. */
  #spans(keys: Iterable<AudienceKey>): SentSpan[] {
    const upTo = this.position
    return [...keys].flatMap((key) => {
      const after = this.reading.get(key)
      return after === undefined ? [] : [{ key, after, upTo }]
    })
  }

  #cursor(): string {
    return this.#context.log.cursorAt(this.position)
  }

  #put(bytes: Buffer): void {
    if (!this.isOpen || this.write(bytes)) return
    this.#fallBehind()
    this.#isBlocked = true
  }

  /** From here on it reads the log by itself, from where it stands. */
  #fallBehind(): void {
    this.#position = this.position
    this.#isLive = false
  }

  /** A connection that isn't behind stands at the head once the hub has handed out everything. */
  #moveToHead(): Position {
    this.#context.hub.flush()
    return this.position
  }

  #read(): void {
    for (let pages = 0; this.isOpen && !this.#isBlocked && !this.#isLive; pages += 1) {
      if (pages === PAGES_PER_TURN) return this.#readNextTurn()
      const [catchup] = this.#catchups
      if (catchup === undefined) this.#readPage()
      else this.#readCatchupPage(catchup)
    }
  }

  #readNextTurn(): void {
    if (this.#isReadScheduled) return
    this.#isReadScheduled = true
    setImmediate(() => {
      this.#isReadScheduled = false
      this.#context.hub.guard(this, () => this.#read())
    })
  }

  #readPage(): void {
    const { log } = this.#context
    const { entries, position, hasMore, losses } = log.read(this.reading, this.#position, PAGE)
    this.#tellLosses(losses)
    if (this.#isBlocked) return
    this.#position = position
    this.#putEntries(
      entries.filter((entry) => !this.#isToldForced(entry)),
      (entry) => this.format.entry(entry),
    )
    this.#isLive = !hasMore && !this.#isBlocked
    if (!hasMore) this.#toldForced = undefined
  }

  /** `connected` has told of it, or had no position to tell it of. */
  #isToldForced(entry: Entry): boolean {
    if (entry.kind === 'message' || this.#toldForced === undefined) return false
    const { upTo, audiences } = this.#toldForced
    return comparePositions(entry, upTo) <= 0 && entry.audience.some((key) => audiences.has(key))
  }

  /** On a live connection a loss has one cause: it lagged. Each loss is told once. */
  #tellLosses(losses: readonly Loss[]): void {
    const isNews = ({ key, position }: Loss) =>
      comparePositions(position, this.#toldLosses.get(key) ?? ORIGIN) > 0
    if (!losses.some(isNews)) return
    this.#noteTold(losses)
    this.say('resync', { reason: 'lagged', cursor: this.#cursor() })
  }

  #noteTold(losses: readonly Loss[]): void {
    for (const { key, position } of losses) this.#toldLosses.set(key, position)
  }

  #readCatchupPage(catchup: Catchup): void {
    this.#putEntries(catchup.read(PAGE), (entry) =>
      this.format.event('message', `{"message":${entry.json},"catchup":true}`),
    )
    if (!catchup.isDone) return
    this.#catchups.shift()
    catchup.tellDone()
  }

  #putEntries(entries: readonly Entry[], encode: (entry: Entry) => Buffer): void {
    if (entries.length > 0) this.#put(Buffer.concat(entries.map(encode)))
  }
}
