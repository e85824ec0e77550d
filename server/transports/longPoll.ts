// Polling: one page of the log per request. With `wait`, an empty page is held back until there
// is something to say: a connection that lives for one delivery.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AudienceKey } from '../../shared/audience.js'
import { comparePositions, ORIGIN, type Position, type Since } from '../../shared/cursor.js'
import type { ResyncReason } from '../../shared/message.js'
import type { Principal } from '../../shared/principal.js'
import type { Entry } from '../brokers/Entry.js'
import type { Batch } from '../delivery/Batch.js'
import type { Connection } from '../delivery/Connection.js'
import type { ConnectionHub } from '../delivery/ConnectionHub.js'
import { type Access, parseTopics } from '../security/Access.js'
import { type AddressOf, addressKey } from '../security/addresses.js'
import type { ConnectionLimits } from '../security/ConnectionLimits.js'
import type { Gate } from '../security/Gate.js'
import { staleToken, type Validity } from '../security/Validity.js'
import type { MessageQueueService } from '../services/MessageQueueService.js'
import type { Page } from '../services/Page.js'
import { resume, resyncReason, type Start } from '../services/resume.js'
import { sendError } from './answer.js'
import type { Compression } from './Compression.js'
import { sendPage } from './pageAnswer.js'
import { numberWithin, parseSinceOr, queryOf, topicList } from './query.js'

/** Gateways cut at 30 s. */
const MAX_WAIT_SECONDS = 25
const MAX_PAGE_BYTES = 1 << 20
const WAIT = { min: 0, max: MAX_WAIT_SECONDS, byDefault: 0, isWhole: false }
const LIMIT = { min: 1, max: 1000, byDefault: 100, isWhole: true }

export interface PollContext {
  readonly hub: ConnectionHub
  readonly log: MessageQueueService
  readonly access: Access
  readonly addressOf: AddressOf
  readonly limits: ConnectionLimits
  /** Of answers that were not taken yet: many of them unread would be a queue without bound. */
  readonly answerLimits: ConnectionLimits
  readonly maxTopics: number
  /** Absent where it is switched off. */
  readonly compression?: Compression | undefined
  /** Unix milliseconds, for the answer's `timestamp`. */
  readonly wallNow: () => number
  readonly gate: Gate
  readonly validity: Pick<Validity, 'assertCurrent'>
  /** Waits for what is at `since`, where it may come; gives the `since` to read on from. */
  readonly reach: (since: Since) => Promise<Since> | undefined
}

/** Answers `GET /poll`. Throws a `SyncError` before anything is written, never after. */
export async function servePoll(
  context: PollContext,
  principal: Principal,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const query = queryOf(req)
  const since = parseSinceOr({ kind: 'oldest' }, query.get('since') ?? undefined)
  const waitMs = numberWithin(query, 'wait', WAIT) * 1000
  const limit = numberWithin(query, 'limit', LIMIT)
  const topics = parseTopics(topicList(query), context.maxTopics)
  const { audiences } = context.access.grantAll(principal, topics)

  const address = addressKey(context.addressOf(req))
  res.once('close', context.answerLimits.admitAddress(address))
  res.once('close', context.answerLimits.admitUser(principal.userId))
  const reached = await context.reach(since)
  if (res.closed) return
  // It may have ended meanwhile.
  if (reached !== undefined) context.validity.assertCurrent(principal)
  const asked = { audiences, since: reached ?? since, limit }
  const poll = new HeldPoll(context, principal, asked, res)
  if (poll.answerIfAny()) return
  if (waitMs === 0 || context.gate.isDraining) return poll.answer()
  res.once('close', context.limits.admitAddress(address))
  res.once('close', context.limits.admitUser(principal.userId))
  // Nothing can be published between the read above and the registration in here: one turn.
  poll.hold(waitMs)
}

interface Asked {
  readonly audiences: readonly AudienceKey[]
  readonly since: Since
  readonly limit: number
}

class HeldPoll implements Connection {
  readonly transport = 'longPoll'
  readonly isLive = true
  readonly principal: Principal
  readonly reading: Map<AudienceKey, Position>
  readonly #context: PollContext
  readonly #since: Since
  readonly #limit: number
  readonly #response: ServerResponse
  #start: Start
  /** Where it stands, as it would be told. */
  readonly #cursor: string
  /** The log's head when it was held back. */
  #heldAt: Position | undefined
  /** A page may take a while to compress. */
  #isAnswered = false

  constructor(context: PollContext, principal: Principal, asked: Asked, response: ServerResponse) {
    this.#context = context
    this.principal = principal
    this.reading = new Map(asked.audiences.map((key) => [key, ORIGIN]))
    this.#since = asked.since
    this.#start = resume(context.log, this.reading, asked.since)
    this.#cursor = context.log.cursorAt(this.#start.position)
    this.#limit = asked.limit
    this.#response = response
  }

  get position(): Position {
    return this.#start.position
  }

  get hearsForced(): boolean {
    return this.#start.hears === 'everything'
  }

  /** Answers where there is something to tell. A resync is never held back. */
  answerIfAny(): boolean {
    const page = this.#read()
    const hasNews = page.entries.some(isMessage) || this.#reasonIn(page) !== undefined
    if (!hasNews && !this.#hasMissed(page)) return false
    this.#tell(page)
    return true
  }

  answer(): void {
    this.#tell(this.#read())
  }

  hold(waitMs: number): void {
    const { hub, log } = this.#context
    this.#heldAt = log.head
    const timer = setTimeout(() => this.answer(), waitMs)
    hub.add(this)
    // Not `req`: its `close` comes as soon as the request was read.
    this.#response.once('close', () => {
      clearTimeout(timer)
      hub.remove(this)
    })
  }

  deliver(batch: Batch, upTo: Position): void {
    if (this.#isAll(batch)) return this.#sendShared(batch, upTo)
    this.catchUp()
  }

  catchUp(): void {
    if (this.answerIfAny()) this.#context.hub.remove(this)
  }

  restart(): void {
    if (this.#start.hears !== 'everything') return this.#answerWhereItStands()
    this.#start = resume(this.#context.log, this.reading, this.#since)
    this.catchUp()
  }

  beat(): void {}

  drain(): void {
    this.answer()
  }

  expire(): void {
    sendError(this.#response, staleToken())
  }

  close(): void {
    this.answer()
  }

  destroy(): void {
    this.#response.destroy()
  }

  /** Whether a batch is the very page that the log would give. */
  #isAll(batch: Batch): boolean {
    const heldAt = this.#heldAt
    if (heldAt === undefined || batch.size > this.#limit) return false
    if (!this.#context.log.isWholeAfter(heldAt)) return false
    return pages.has(batch) || batch.entries.every(isMessage)
  }

  /** Many wait for the same: it is written down once. */
  #sendShared(batch: Batch, upTo: Position): void {
    const { hub, log, wallNow, compression } = this.#context
    hub.remove(this)
    if (this.#isAnswered) return
    this.#isAnswered = true
    const facts = { cursor: log.cursorAt(upTo), hasMore: false, resync: false }
    const body = pages.get(batch) ?? bodyOf(batch.entries, facts, wallNow())
    pages.set(batch, body)
    hub.noteDelivered(batch.size)
    sendPage(this.#response, body, compression)
  }

  #read(): Page {
    const bounds = { limit: this.#limit, maxBytes: MAX_PAGE_BYTES }
    return this.#context.log.read(this.reading, this.#start.position, bounds)
  }

  #tell(page: Page): void {
    if (this.#hasMissed(page)) this.#answerWhereItStands()
    else this.#send(page)
  }

  /** Whether something that came while it was held is lost, and this answer can't say so. */
  #hasMissed({ losses }: Page): boolean {
    const heldAt = this.#heldAt
    if (heldAt === undefined || this.#start.hears !== 'nothing') return false
    return losses.some(({ position }) => comparePositions(position, heldAt) > 0)
  }

  /** Says nothing, by a cursor with which the next request is told. */
  #answerWhereItStands(): void {
    this.#sendPage([], { cursor: this.#cursor, hasMore: false, resync: false })
  }

  #reasonIn({ entries, losses }: Page): ResyncReason | undefined {
    const isForced = entries.some((entry) => !isMessage(entry))
    return resyncReason(this.#start, losses, isForced)
  }

  #send(page: Page): void {
    const reason = this.#reasonIn(page)
    const cursor = this.#context.log.cursorAt(page.position)
    const { hasMore } = page
    const facts = { cursor, hasMore, resync: reason !== undefined, reason }
    this.#sendPage(page.entries.filter(isMessage), facts)
  }

  #sendPage(messages: readonly Entry[], told: object): void {
    if (this.#isAnswered) return
    this.#isAnswered = true
    this.#context.hub.noteDelivered(messages.length)
    const body = bodyOf(messages, told, this.#context.wallNow())
    sendPage(this.#response, body, this.#context.compression)
  }
}

/** What a held poll is answered with a batch, by the batch. */
const pages = new WeakMap<Batch, string>()

function bodyOf(messages: readonly Entry[], told: object, timestamp: number): string {
  const facts = JSON.stringify({ count: messages.length, ...told, timestamp })
  // The messages are JSON already: encoded once, when they were published.
  const texts = messages.map(({ json }) => json).join(',')
  return `{"success":true,"messages":[${texts}],${facts.slice(1)}`
}

const isMessage = ({ kind }: Entry): boolean => kind === 'message'
