// Judges what a live connection is sent for topics that it subscribes to with a `since`: it comes
// beside the main line, in order, without what the connection had already, and moves nothing.

import { topicKey } from '../../../shared/audience.js'
import { comparePositions, ORIGIN } from '../../../shared/cursor.js'
import type { Message } from '../../../shared/message.js'
import { isBent, type LogEntry, type Moment, positionOf } from './LogRecord.js'
import { Reading } from './Reading.js'
import type { Fault, Session, SessionEvent, Start } from './session.js'

type Event<Kind extends SessionEvent['kind']> = Extract<SessionEvent, { kind: Kind }>

interface Pending {
  readonly ref: number
  readonly keys: ReadonlySet<string>
  readonly since: Start
  readonly askedAt: Moment
  readonly received: LogEntry[]
  /** Dropped again before it was answered: it may have come or not. */
  readonly dropped: Set<string>
}

type Report = (fault: Fault, detail: string) => void

export class Catchups {
  readonly #session: Session
  readonly #reading: Reading
  readonly #report: Report
  readonly #pending: Pending[] = []
  readonly #sent = new Set<LogEntry>()
  readonly #lostBefore = new Set<LogEntry>()

  constructor(session: Session, reading: Reading, report: Report) {
    this.#session = session
    this.#reading = reading
    this.#report = report
  }

  asked({ ref, topics, since, at: askedAt }: Event<'asked'>): void {
    const keys = new Set(topics.map(topicKey))
    this.#pending.push({ ref, keys, since, askedAt, received: [], dropped: new Set() })
  }

  /** A message came, by whichever way. */
  sent(entry: LogEntry): void {
    this.#sent.add(entry)
  }

  /** Lost before its topic was added from the oldest: there was no position to lose it from. */
  wasLostBefore(entry: LogEntry): boolean {
    return this.#lostBefore.has(entry)
  }

  take(message: Message, at: Moment): void {
    const entry = this.#session.log.at(message.cursor, at)
    const [pending] = this.#pending
    if (entry === undefined || pending === undefined || isBent(message, entry)) {
      this.#report('unknown: the log never held it', `catch-up ${message.cursor}`)
    } else if (!entry.audience.some((key) => pending.keys.has(key))) {
      this.#report('foreign: not for this reader', `catch-up ${message.cursor}`)
    } else if (comparePositions(entry, pending.received.at(-1) ?? ORIGIN) <= 0) {
      this.#report('repeated: at or before what it already had', `catch-up ${message.cursor}`)
    } else {
      pending.received.push(entry)
    }
  }

  subscribed(event: Event<'subscribed'>): void {
    const { topics, hasSince, cursor } = event
    const pending = hasSince ? this.#pending.shift() : undefined
    const from = pending === undefined ? positionOf(cursor) : this.#startOf(pending)
    if (pending !== undefined) this.#judge(pending, event)
    const unread = this.#session.log
      .after(from, event.at)
      .filter((entry) => !this.#reading.sees(entry))
    for (const key of topics.map(topicKey)) {
      // One that was asked for earlier, with a `since`, is read from there on already.
      const isAsked = this.#pending.some((other) => other.ref < event.ref && isWanted(other, key))
      if (!isAsked && !pending?.dropped.has(key)) this.#reading.add(key, from)
    }
    for (const entry of pending?.received ?? []) this.#sent.add(entry)
    if (pending?.since.kind !== 'oldest') return
    for (const entry of unread) {
      const isRead = this.#reading.sees(entry)
      if (isRead && this.#reading.hasLost(entry, event.at)) this.#lostBefore.add(entry)
    }
  }

  unsubscribed(event: Event<'unsubscribed'>): void {
    const askedBefore = this.#pending.filter(({ ref }) => ref < event.ref)
    for (const key of event.topics.map(topicKey)) {
      this.#reading.remove(key)
      for (const { keys, dropped } of askedBefore) if (keys.has(key)) dropped.add(key)
    }
  }

  #startOf({ since }: Pending) {
    const isAtHome = since.kind === 'cursor' && since.log === this.#session.log
    return isAtHome ? positionOf(since.cursor) : ORIGIN
  }

  #judge(pending: Pending, event: Event<'subscribed'>): void {
    const { log } = this.#session
    const { cursor, at, reason } = event
    const start = this.#startOf(pending)
    const wanted = new Reading(log, pending.keys, start)
    const here = positionOf(cursor)
    this.#judgeReason(pending, wanted, event)
    const received = new Set(pending.received)
    for (const entry of log.after(start, at)) {
      if (comparePositions(entry, here) > 0) break
      if (!wanted.sees(entry)) continue
      const hasCome = received.delete(entry)
      if (hasCome && this.#isRepeated(entry)) {
        this.#report('repeated: at or before what it already had', `catch-up ${entry.cursor}`)
      }
      // Also by an earlier catch-up, of which a topic was dropped before it was answered.
      const hasComeBefore = this.#sent.has(entry)
      const isDropped = entry.audience.some((key) => pending.dropped.has(key))
      if (hasCome || hasComeBefore || isDropped) continue
      const isLost = wanted.hasLost(entry, at)
      // What the main line reads, or did, is judged there; but these topics may still hold what
      // that had lost.
      const mustCome = entry.kind === 'message' && !isLost
      if (!mustCome && this.#reading.everSaw(entry)) continue
      const isTold = reason !== undefined || pending.since.kind === 'oldest'
      if (isTold && (isLost || entry.kind === 'resync')) continue
      this.#report(
        isLost
          ? 'silent: lost, and no resync told of it'
          : 'missing: passed over, though the log has it',
        `catch-up ${entry.kind} ${entry.cursor}`,
      )
    }
    for (const entry of received) {
      this.#report('repeated: at or before what it already had', `catch-up ${entry.cursor}`)
    }
  }

  /** What came by a topic that is gone may come again. */
  #isRepeated(entry: LogEntry): boolean {
    return this.#sent.has(entry) && this.#reading.sees(entry)
  }

  #judgeReason(pending: Pending, wanted: Reading, { reason, at }: Event<'subscribed'>): void {
    const { since, askedAt } = pending
    const isForeign = since.kind === 'cursor' && since.log !== this.#session.log
    if (isForeign) {
      if (reason === 'epoch') return
      return this.#report('ignored epoch: the log began anew, and nobody said so', 'catch-up')
    }
    if (reason === undefined) return
    const isTrue =
      since.kind === 'cursor'
        ? wanted.justifies(reason, positionOf(since.cursor), at)
        : wanted.justifiesLossSince(askedAt, reason, at)
    if (isTrue) return
    this.#report('false alarm: a resync, and nothing was lost', `catch-up ${reason}`)
  }
}

const isWanted = ({ keys, dropped }: Pending, key: string): boolean =>
  keys.has(key) && !dropped.has(key)
