// A connection that streams, whatever the medium: a cursor in the log and a way to write bytes.
//
//   live ── write() said "full" ──► blocked ── drained ──► reading ── nothing left ──► live
//    └── a batch no longer true, ───────────────────────────►│ ▲
//        or topics added with a since                        ▼ │ next turn
//                                                         yielding   (a long history is read
//                                                                     a few pages per turn)
//
// It never holds more than one page or batch, so a slow reader costs no memory: it stands further
// back in the log, and is told `lagged` when retention has passed it.

import type { AudienceKey } from '../../shared/audience.js'
import { earlierOf, laterOf, ORIGIN, type Position, type Since } from '../../shared/cursor.js'
import { SyncError } from '../../shared/errors.js'
import type { Connected } from '../../shared/frames.js'
import type { ResyncReason } from '../../shared/message.js'
import type { Principal } from '../../shared/principal.js'
import type { Entry } from '../brokers/Entry.js'
import type { MessageQueueService } from '../services/MessageQueueService.js'
import type { Loss } from '../services/Page.js'
import { resume, resyncReason } from '../services/resume.js'
import type { Batch } from './Batch.js'
import { Catchup } from './Catchup.js'
import type { Connection, TransportName } from './Connection.js'
import type { ConnectionHub } from './ConnectionHub.js'
import type { Format } from './Format.js'
import { type SentSpan, Told } from './Told.js'

const PAGE = { limit: 100, maxBytes: 64 * 1024 }

/** How many pages a reader may take before it lets the event loop turn. */
const PAGES_PER_TURN = 16

/** How many subscriptions may be catching up at a time. */
const MAX_CATCHUPS = 16

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

export abstract class StreamConnection implements Connection {
  abstract readonly transport: TransportName
  readonly id: string
  readonly hearsForced = true
  readonly reading = new Map<AudienceKey, Position>()
  readonly #context: StreamContext
  readonly #catchups: Catchup[] = []
  #told = new Told()
  /** Whether its client has yet to hear that the log is another one. */
  #isRestarted = false
  /** Moves the client behind a loss that `connected` told, so that the next connect isn't told again. */
  #owesHeartbeat = false
  #principal: Principal
  #position = ORIGIN
  #state: 'live' | 'blocked' | 'reading' | 'yielding' = 'reading'

  constructor(context: StreamContext, principal: Principal) {
    this.#context = context
    this.#principal = principal
    this.id = context.newId()
  }

  /** Hands bytes to the medium. False where it wants no more until it calls `drained`. */
  protected abstract write(bytes: Buffer): boolean
  protected abstract readonly format: Format
  /** For what others get in the same turn, so that one effort serves them all. */
  protected get sharedFormat(): Format {
    return this.format
  }
  abstract readonly isOpen: boolean
  abstract expire(): void
  abstract close(): void
  abstract destroy(): void

  get principal(): Principal {
    return this.#principal
  }

  get position(): Position {
    return this.isLive ? laterOf(this.#position, this.#context.hub.flushed) : this.#position
  }

  get isLive(): boolean {
    return this.#state === 'live'
  }

  get isBlocked(): boolean {
    return this.#state === 'blocked'
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
    this.#told.losses.note(losses)
    this.#told.connected(audiences, log.head)
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
    this.#owesHeartbeat = reason !== undefined
    this.#read()
  }

  deliver(batch: Batch, upTo: Position): void {
    this.#position = upTo
    this.#context.hub.noteDelivered(batch.size)
    this.put(batch.bytes(this.sharedFormat))
  }

  catchUp(): void {
    this.#readOn()
    this.#read()
  }

  restart(): void {
    const { log } = this.#context
    // What it was sent in the old log stands before this; what it missed between the two is told
    // by the resync, and what is appended from here on comes.
    this.#position = earlierOf(this.position, log.head)
    for (const key of this.reading.keys()) this.reading.set(key, this.#position)
    this.#told = new Told()
    this.#told.losses.note(log.survey(this.reading, this.#position).losses)
    this.#isRestarted = true
    if (this.isLive) this.#state = 'reading'
    this.#read()
  }

  beat(): void {
    if (!this.isBlocked) this.say('heartbeat', { cursor: this.#cursor() })
  }

  drain(reconnectAfterMs: number): void {
    this.say('drain', { reconnectAfter: reconnectAfterMs })
  }

  /** Adds audiences from here on. Returns the position that "here" is. */
  addAudiences(keys: readonly AudienceKey[]): Position {
    const here = this.#settle()
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
    if (this.#catchups.length >= MAX_CATCHUPS) throw tooManyCatchups()
    const upTo = this.#settle()
    const start = resume(log, new Map(keys.map((key) => [key, ORIGIN])), since)
    const from = laterOf(start.position, upTo)
    const added = keys.map((key) => [key, earlierOf(this.reading.get(key) ?? from, from)] as const)
    const owed = new Set(this.#untold().map(({ key }) => key))
    hub.addAudiences(this, added)
    // What these topics lost beyond `upTo` is told in the answer, or was nothing to lose.
    this.#told.losses.note(this.#untold().filter(({ key }) => !owed.has(key)))
    this.#readOn()
    const onDone = (reason: ResyncReason | undefined) => {
      done(reason === 'epoch' ? this.#cursor() : log.cursorAt(upTo), reason)
    }
    const sent = () => [...this.#told.sent, ...this.#spans(this.reading.keys())]
    this.#catchups.push(new Catchup({ log, keys, start, upTo, sent, onDone }))
    this.#read()
  }

  removeAudiences(keys: readonly AudienceKey[]): void {
    this.#told.noteSent(this.#spans(keys))
    for (const key of keys) {
      for (const catchup of this.#catchups) this.#told.noteSent(catchup.drop(key))
      this.#told.losses.forget(key)
    }
    this.#context.hub.removeAudiences(this, keys)
    // What was about to be handed out may hold messages of these.
    this.#settle()
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
    if (this.isBlocked) this.#state = 'reading'
    this.#context.hub.guard(this, () => this.#read())
  }

  /** Writes one event that is not an entry of the log. */
  say(name: string, body: object): void {
    const cursor = 'cursor' in body ? String(body.cursor) : undefined
    this.put(this.format.event(name, JSON.stringify(body), cursor))
  }

  /** What of these audiences was sent in the ordinary way, as far as nothing of it was lost. */
  #spans(keys: Iterable<AudienceKey>): SentSpan[] {
    const upTo = this.position
    return [...keys].flatMap((key) => {
      const from = this.reading.get(key)
      return from === undefined ? [] : [this.#told.losses.spanOf(key, from, upTo)]
    })
  }

  #cursor(): string {
    return this.#context.log.cursorAt(this.position)
  }

  /** Hands bytes to the medium, and reads the log by itself from then on where it is full. */
  protected put(bytes: Buffer): void {
    if (!this.isOpen || this.write(bytes)) return
    this.#position = this.position
    this.#state = 'blocked'
  }

  /** Reads the log by itself from where it stands, if it doesn't already. */
  #readOn(): void {
    this.#position = this.position
    if (this.isLive) this.#state = 'reading'
  }

  /** Where the connection stands, once the hub has handed it everything: live ones at the head. */
  #settle(): Position {
    const { hub, log } = this.#context
    hub.settle(this)
    if (this.isLive) this.#position = log.head
    return this.position
  }

  #read(): void {
    if (this.isOpen && this.#state === 'reading') this.#tellRestart()
    for (let pages = 0; this.isOpen && this.#state === 'reading'; pages += 1) {
      if (pages === PAGES_PER_TURN) return this.#readNextTurn()
      const [catchup] = this.#catchups
      if (catchup === undefined) this.#readPage()
      else this.#readCatchupPage(catchup)
    }
  }

  #readNextTurn(): void {
    this.#state = 'yielding'
    setImmediate(() => {
      if (this.#state === 'yielding') this.#state = 'reading'
      this.#context.hub.guard(this, () => this.#read())
    })
  }

  #readPage(): void {
    const { log } = this.#context
    const { entries, position, hasMore, losses } = log.read(this.reading, this.#position, PAGE)
    this.#tellLosses(losses)
    if (this.isBlocked) return
    this.#position = position
    this.#putEntries(
      entries.filter((entry) => !this.#told.isForcedKnown(entry)),
      (entry) => this.format.entry(entry),
    )
    if (hasMore) return
    this.#told.caughtUp()
    if (this.isBlocked) return
    this.#state = 'live'
    if (!this.#owesHeartbeat) return
    this.#owesHeartbeat = false
    this.beat()
  }

  #tellRestart(): void {
    if (!this.#isRestarted) return
    this.#isRestarted = false
    this.say('resync', { reason: 'epoch', cursor: this.#cursor() })
    for (const catchup of this.#catchups.splice(0)) catchup.tellLost()
  }

  /** Losses ahead of the connection that its client has yet to hear of. */
  #untold(): readonly Loss[] {
    const { losses } = this.#context.log.survey(this.reading, this.position)
    return this.#told.losses.news(losses)
  }

  /** On a live connection a loss has one cause: it lagged. */
  #tellLosses(losses: readonly Loss[]): void {
    const news = this.#told.losses.news(losses)
    if (news.length === 0) return
    this.#told.noteSent(this.#spans(news.map(({ key }) => key)))
    this.#told.losses.note(news)
    this.say('resync', { reason: 'lagged', cursor: this.#cursor() })
  }

  #readCatchupPage(catchup: Catchup): void {
    this.#putEntries(catchup.read(PAGE), (entry) =>
      this.format.event('message', `{"message":${entry.json},"catchup":true}`),
    )
    if (!catchup.isDone) return
    this.#catchups.shift()
    this.#told.noteSent(catchup.spans)
    catchup.tellDone()
  }

  #putEntries(entries: readonly Entry[], encode: (entry: Entry) => Buffer): void {
    if (entries.length === 0) return
    this.#context.hub.noteDelivered(entries.length)
    this.put(Buffer.concat(entries.map(encode)))
  }
}

function tooManyCatchups(): SyncError {
  return new SyncError(
    'unavailable',
    `${MAX_CATCHUPS} subscriptions are catching up; wait for their ok before the next one`,
  )
}
