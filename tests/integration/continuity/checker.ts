// Judges one session against the log: nothing missing, nothing repeated, in order, and a resync
// told where something was lost and nowhere else. Pure: it only compares two records.
//
// Every cursor that a reader is told, and every message, is a claim: "all up to here was sent to
// you, or was not for you, or you were told". Since each session begins with a cursor that an
// earlier one was told, sessions that hold make a walk over any transports hold.

import { topicKey } from '../../../shared/audience.js'
import { comparePositions, laterOf, ORIGIN, type Position } from '../../../shared/cursor.js'
import type { Message, ResyncReason } from '../../../shared/message.js'
import { Catchups } from './Catchups.js'
import { isBent, type LogEntry, type Moment, positionOf } from './LogRecord.js'
import { Reading } from './Reading.js'
import {
  type Fault,
  type Session,
  type SessionEvent,
  summaryOf,
  type Violation,
} from './session.js'

interface Tell {
  readonly at: Moment
  /** What the session read when it was told, or the topics that the answer was about. */
  readonly audiences: ReadonlySet<string>
  /** A reader without a position is told nothing of what was lost before it came. */
  readonly isImplicit: boolean
}

export class SessionCheck {
  readonly violations: Violation[] = []
  readonly session: Session
  /** The last cursor that the session was told: what its reader hands over next. */
  cursor: string | undefined
  readonly #reading: Reading
  readonly #catchups: Catchups
  readonly #tells: Tell[] = []
  readonly #trail: string[] = []
  #position: Position
  #hasStarted = false
  /** What the first answer spoke of; a topic that was added later is told of by itself. */
  #openedWith: ReadonlySet<string> = new Set()

  constructor(session: Session) {
    this.session = session
    const { start, log, audiences } = session
    const isAtHome = start.kind === 'cursor' && start.log === log
    this.#position = isAtHome ? positionOf(start.cursor) : ORIGIN
    this.#reading = new Reading(log, audiences, this.#position)
    this.#catchups = new Catchups(session, this.#reading, (fault, detail) =>
      this.#report(fault, detail),
    )
  }

  /** Whether the server has answered at all. */
  get hasStarted(): boolean {
    return this.#hasStarted
  }

  /** What should have come by then and has not. */
  owed(at: Moment): readonly LogEntry[] {
    const { start, log } = this.session
    const hasPosition = this.#hasStarted || start.kind === 'cursor'
    // Only the server knows where `now` was; and who has no position isn't told to refetch.
    if (!hasPosition && start.kind === 'now') return []
    return log
      .after(this.#position, at)
      .filter((entry) => hasPosition || entry.kind === 'message')
      .filter((entry) => this.#reading.sees(entry) && !this.#reading.hasLost(entry, at))
  }

  add(event: SessionEvent): void {
    const { at } = event
    this.#trail.push(summaryOf(event))
    switch (event.kind) {
      case 'connected':
        this.#begin(event)
        return this.#claim(event.cursor, at)
      case 'page':
        return this.#page(event)
      case 'message':
        return this.#take(event.message, at)
      case 'position':
        return this.#claim(event.cursor, at)
      case 'resync':
        return this.#resync(event)
      case 'asked':
        return this.#catchups.asked(event)
      case 'catchup':
        return this.#catchups.take(event.message, at)
      case 'subscribed':
        this.#claim(event.cursor, at)
        if (event.reason !== undefined) this.#tell(at, false, event.topics.map(topicKey))
        return this.#catchups.subscribed(event)
      case 'unsubscribed':
        return this.#catchups.unsubscribed(event)
      case 'refused':
        return this.#report('refused: what a reader may ask for', event.detail)
      case 'stuck':
        return this.#report('stuck: owed, and never came', event.detail)
      default:
        return event satisfies never
    }
  }

  /** The first answer: what it must say of the cursor that it was handed, and what it may not. */
  #begin({ cursor, reason, at }: { cursor: string; reason: ResyncReason | undefined; at: Moment }) {
    const { start, log, openedAt } = this.session
    this.#hasStarted = true
    this.#openedWith = new Set(this.#reading.keys())
    if (start.kind !== 'cursor') {
      if (reason !== undefined) this.#report('false alarm: a resync, and nothing was lost', reason)
      if (start.kind === 'now') this.#startAt(positionOf(cursor))
      this.#tell(at, true)
    } else if (start.log !== log) {
      if (reason === 'epoch') this.#tell(at)
      else this.#report('ignored epoch: the log began anew, and nobody said so', String(reason))
    } else if (reason !== undefined) {
      this.#judge(reason, at)
      this.#tell(at)
    } else {
      const lost = log
        .after(this.#position, openedAt)
        .find((entry) => this.#reading.sees(entry) && this.#reading.hasLost(entry, openedAt))
      if (lost) this.#report('silent: lost, and no resync told of it', lost.cursor)
    }
  }

  #tell(at: Moment, isImplicit = false, audiences = this.#reading.keys()): void {
    this.#tells.push({ at, isImplicit, audiences: new Set(audiences) })
  }

  #startAt(position: Position): void {
    this.#position = position
    this.#reading.startAt(position)
  }

  #page(page: Extract<SessionEvent, { kind: 'page' }>): void {
    const { cursor, messages, hasMore, at } = page
    const { log, openedAt, start } = this.session
    this.#begin(page)
    const [first] = messages
    if (start.kind === 'now' && first !== undefined) this.#startAt(justBefore(first.cursor))
    for (const message of messages) this.#take(message, at)
    this.#claim(cursor, at)
    if (hasMore && messages.length === 0) {
      this.#report('stuck: owed, and never came', 'an empty page that asks for the next')
    }
    if (hasMore || start.kind === 'now') return
    for (const entry of log.after(this.#position, openedAt)) {
      if ((entry.answeredAt ?? entry.appliedAt).tick > openedAt.tick) continue
      if (!this.#reading.sees(entry) || this.#reading.hasLost(entry, at)) continue
      this.#report('missing: passed over, though the log has it', `${entry.cursor} on a last page`)
    }
  }

  #take(message: Message, at: Moment): void {
    const entry = this.session.log.at(message.cursor, at)
    const fault = this.#faultOf(message, entry)
    if (fault !== undefined || entry === undefined) {
      this.#report(fault ?? 'unknown: the log never held it', `${message.cursor} ${message.id}`)
    } else {
      this.#catchups.sent(entry)
      this.#claim(entry.cursor, at, entry)
    }
  }

  #faultOf(message: Message, entry: LogEntry | undefined): Fault | undefined {
    const { openedAt } = this.session
    if (entry?.kind !== 'message') return 'unknown: the log never held it'
    if (isBent(message, entry)) return 'bent: not as it was published'
    const isRepeated = comparePositions(entry, this.#position) <= 0
    if (isRepeated) return 'repeated: at or before what it already had'
    if (!this.#reading.sees(entry)) return 'foreign: not for this reader'
    if (this.#reading.hasExpired(entry, openedAt)) {
      return 'expired: delivered when its time was over'
    }
    return undefined
  }

  /** A resync on a live connection: the place where a forced one stands, or a loss. */
  #resync({ cursor, reason, at }: Extract<SessionEvent, { kind: 'resync' }>): void {
    const forced = this.session.log.at(cursor, at)
    if (reason === 'forced' && forced?.kind === 'resync' && this.#reading.sees(forced)) {
      const wasTold =
        comparePositions(forced, this.#position) <= 0 ||
        (forced.appliedAt.tick < this.session.openedAt.tick &&
          forced.audience.some((key) => this.#openedWith.has(key)))
      if (wasTold) this.#report('repeated: at or before what it already had', `forced ${cursor}`)
      this.#claim(cursor, at, forced)
    } else {
      this.#claim(cursor, at)
      if (reason === 'lagged') this.#judge(reason, at)
      else this.#report('false alarm: a resync, and nothing was lost', String(reason))
    }
    this.#tell(at)
  }

  #judge(reason: ResyncReason, at: Moment): void {
    if (this.#reading.justifies(reason, this.#position, at)) return
    this.#report('false alarm: a resync, and nothing was lost', reason)
  }

  /** Everything up to here, but for `received`, must have come before, or be lost and told. */
  #claim(cursor: string, at: Moment, received?: LogEntry): void {
    const { log } = this.session
    if (!log.hasNamed(cursor, at)) {
      return this.#report('minted: a cursor that never was a place in the log', cursor)
    }
    const to = positionOf(cursor)
    if (comparePositions(to, this.#position) < 0) {
      this.#report('backwards: a position before an earlier one', cursor)
    }
    for (const entry of log.after(this.#position, at)) {
      if (comparePositions(entry, to) > 0) break
      if (entry === received || !this.#reading.sees(entry) || this.#isTold(entry, at)) continue
      const isLost = this.#reading.hasLost(entry, at)
      this.#report(
        isLost
          ? 'silent: lost, and no resync told of it'
          : 'missing: passed over, though the log has it',
        `${entry.kind} ${entry.cursor} before ${cursor}`,
      )
    }
    this.#position = laterOf(this.#position, to)
    this.cursor = cursor
  }

  /** A resync covers what was published before it: the reader fetches its state after it. */
  #isTold(entry: LogEntry, at: Moment): boolean {
    const isLost = this.#reading.hasLost(entry, at)
    if (isLost && this.#catchups.wasLostBefore(entry)) return true
    return (
      (isLost || entry.kind === 'resync') &&
      this.#tells.some(
        (tell) =>
          entry.appliedAt.tick <= tell.at.tick &&
          entry.audience.some((key) => tell.audiences.has(key)) &&
          (!tell.isImplicit || entry.kind === 'resync' || this.#reading.hasLost(entry, tell.at)),
      )
    )
  }

  #report(fault: Fault, detail: string): void {
    const { reader, transport, start } = this.session
    const from = start.kind === 'cursor' ? start.cursor : start.kind
    const where = `${reader} on ${transport} since ${from}`
    this.violations.push({ fault, where, detail, trail: this.#trail.slice(-30) })
  }
}

/** A held poll from `now` doesn't say where that was: at the latest, here. */
function justBefore(cursor: string): Position {
  const { ms, counter } = positionOf(cursor)
  return { ms, counter: counter - 1 }
}
