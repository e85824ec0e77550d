// Whether readers were told what was published: nothing missing, nothing twice, in order, and where
// that could not be, a resync. Seen from outside, so that it holds for any number of nodes, and for
// a Redis that forgets.

import { type Cursor, comparePositions, parseCursor } from '../../../shared/cursor.js'
import type { ResyncReason } from '../../../shared/message.js'
import type { Fate, Ledger, Publication } from './Ledger.js'
import type { ReaderRecord, Told } from './ReaderRecord.js'

export interface Violation {
  readonly fault:
    | 'lost: acknowledged, and never came'
    | 'twice: it came before'
    | 'twice: published once, and in the log as two'
    | 'backwards: at or below a cursor that was served'
    | 'silent: another epoch, and nobody said so'
    | 'false alarm: told of an epoch that is the same'
    | 'refused, and in the log'
    | 'late: applied after it was answered with 503'
    | 'foreign: for others, or never published'
    | 'bent: not where its publisher was told'
    | 'different: two nodes, two logs'
    | 'overtaken: before what was answered before it was sent'
  readonly reader: string
  readonly detail: string
  /** Of the first violation of a reader: what it had seen by then. */
  readonly trail?: readonly string[]
}

interface Settled {
  readonly count: number
  readonly applied: number
}

export interface Verdict {
  readonly violations: readonly Violation[]
  readonly figures: {
    readonly acknowledged: number
    readonly lost: number
    /** Answered with 503, or not at all; of each, how many are in the log. */
    readonly unavailable: Settled
    readonly cut: Settled
    readonly twice: number
    readonly deliveries: number
    /** How often readers were told to refetch, by reason. */
    readonly resyncs: Readonly<Partial<Record<ResyncReason, number>>>
    /** How many acknowledged messages at least one reader was told it may have missed. */
    readonly excused: number
    readonly epochs: number
  }
}

/** The clocks of a machine agree, and its milliseconds are rounded. */
const CLOCK_SLACK_MS = 5

export function judge(ledger: Ledger, readers: readonly ReaderRecord[]): Verdict {
  const log = new SeenLog()
  const checks = readers.map((reader) => new ReaderCheck(reader, ledger, log))
  const violations = [...checks.flatMap(({ violations }) => violations), ...overtaken(ledger)]
  const lost = new Set(checks.flatMap(({ lost }) => [...lost]))
  const excused = new Set(checks.flatMap(({ excused }) => [...excused]))
  const settled = (fate: Fate): Settled => {
    const those = ledger.publications.filter((publication) => publication.fate === fate)
    return { count: those.length, applied: those.filter(({ n }) => log.has(n)).length }
  }
  return {
    violations,
    figures: {
      acknowledged: ledger.count('acknowledged'),
      lost: lost.size,
      unavailable: settled('unavailable'),
      cut: settled('cut'),
      twice: violations.filter(({ fault }) => fault.startsWith('twice')).length,
      deliveries: checks.reduce((sum, { deliveries }) => sum + deliveries, 0),
      resyncs: counted(readers),
      excused: excused.size,
      epochs: log.epochs.size,
    },
  }
}

/** The log's order is also that of time, wherever two publications did not overlap. */
function overtaken(ledger: Ledger): Violation[] {
  const placed = ledger.publications
    .filter(({ fate }) => fate === 'acknowledged')
    .map(({ n, sentAt, answeredAt = 0, cursor = '' }) => ({
      n,
      sentAt,
      answeredAt,
      at: cursorOf(cursor),
    }))
    .sort((a, b) => comparePositions(b.at, a.at))
  const firstAnswers = new Map<string, number>()
  const violations: Violation[] = []
  for (const { n, sentAt, answeredAt, at } of placed) {
    const answered = firstAnswers.get(at.epoch) ?? Infinity
    if (answered < sentAt) {
      const fault = 'overtaken: before what was answered before it was sent'
      violations.push({ fault, reader: 'publishers', detail: `${n} at ${shown(at)}` })
    }
    firstAnswers.set(at.epoch, Math.min(answered, answeredAt))
  }
  return violations
}

function counted(readers: readonly ReaderRecord[]): Partial<Record<ResyncReason, number>> {
  const counts: Partial<Record<ResyncReason, number>> = {}
  for (const event of readers.flatMap(({ told }) => told)) {
    if (event.kind === 'resync') counts[event.reason] = (counts[event.reason] ?? 0) + 1
  }
  return counts
}

/** What stands in the log under which id, as far as readers showed it. */
class SeenLog {
  readonly epochs = new Set<string>()
  readonly #ids = new Map<string, string>()
  readonly #numbers = new Set<number>()

  has(n: number): boolean {
    return this.#numbers.has(n)
  }

  /**
   * Whether it is known under another id in this epoch. A Redis that has lost a message has lost
   * its key, and may take it again.
   */
  isOther(n: number, id: string, epoch: string): boolean {
    const known = this.#ids.get(`${n} ${epoch}`)
    if (known === undefined) this.#ids.set(`${n} ${epoch}`, id)
    this.#numbers.add(n)
    return known !== undefined && known !== id
  }
}

/** A resync that a reader was told, between where it stood and where it went on. */
interface Tell {
  readonly at: number
  readonly reason: ResyncReason
  readonly from: Cursor
  to: Cursor | undefined
}

class ReaderCheck {
  readonly violations: Violation[] = []
  readonly lost = new Set<number>()
  readonly excused = new Set<number>()
  deliveries = 0
  readonly #reader: ReaderRecord
  readonly #ledger: Ledger
  readonly #log: SeenLog
  readonly #tells: Tell[] = []
  /** What stood elsewhere than its publisher was told, in which epoch. */
  readonly #bent: { readonly epoch: string; readonly detail: string }[] = []
  /** By epoch, since another one begins at the oldest that it has. */
  readonly #seen = new Map<string, Set<number>>()
  #at: Cursor | undefined
  #now = 0

  constructor(reader: ReaderRecord, ledger: Ledger, log: SeenLog) {
    this.#reader = reader
    this.#ledger = ledger
    this.#log = log
    for (const event of reader.told) this.#take(event)
    this.#requireStraight()
    const began = reader.told[0]?.at ?? Infinity
    for (const publication of ledger.publications) {
      if (publication.sentAt > began) this.#requireTold(publication)
    }
  }

  #take(event: Told): void {
    this.#now = event.at
    if (event.kind === 'resync') this.#resync(event)
    else if (event.kind === 'message') this.#message(event)
    else this.#moveTo(cursorOf(event.cursor), false)
  }

  #resync({ at, reason, cursor }: Extract<Told, { kind: 'resync' }>): void {
    if (this.#at !== undefined && reason !== 'forced') {
      this.#tells.push({ at, reason, from: this.#at, to: undefined })
    }
    if (cursor !== undefined) this.#moveTo(cursorOf(cursor), false)
  }

  #message({ cursor, n, id }: Extract<Told, { kind: 'message' }>): void {
    const at = cursorOf(cursor)
    this.deliveries += 1
    const isSeen = this.#seen.get(at.epoch)?.has(n) === true
    if (isSeen) this.#report('twice: it came before', `${n} at ${cursor}`)
    this.#moveTo(at, true)
    this.#seen.get(at.epoch)?.add(n)
    if (this.#log.isOther(n, id, at.epoch)) {
      this.#report('twice: published once, and in the log as two', `${n} at ${cursor}`)
    }
    this.#compare(this.#ledger.publications[n], n, id, at)
  }

  /** What came with what its publisher was told. */
  #compare(publication: Publication | undefined, n: number, id: string, at: Cursor): void {
    const where = `${n} at ${at.ms}-${at.counter}.${at.epoch}`
    if (publication === undefined || !this.#reader.topics.includes(publication.topic)) {
      return this.#report('foreign: for others, or never published', where)
    }
    const { fate, answeredMs = Infinity } = publication
    if (fate === 'refused' || fate === 'unheard') this.#report('refused, and in the log', where)
    if (fate === 'unavailable' && at.ms > answeredMs + CLOCK_SLACK_MS) {
      this.#report(
        'late: applied after it was answered with 503',
        `${where}, by ${at.ms - answeredMs} ms`,
      )
    }
    if (fate !== 'acknowledged' || publication.cursor === undefined) return
    const told = cursorOf(publication.cursor)
    const isElsewhere = publication.id !== id || comparePositions(told, at) !== 0
    if (told.epoch === at.epoch && isElsewhere) {
      this.#bent.push({ epoch: at.epoch, detail: `${where}: ${publication.cursor}` })
    }
  }

  /**
   * A Redis that has lost a message takes it again under its old key, until the nodes have seen the
   * loss and say so.
   */
  #requireStraight(): void {
    const ended = new Set(
      this.#tells.filter(({ reason }) => reason === 'epoch').map(({ from }) => from.epoch),
    )
    for (const { epoch, detail } of this.#bent) {
      if (!ended.has(epoch)) this.#report('bent: not where its publisher was told', detail)
    }
  }

  #moveTo(to: Cursor, isMessage: boolean): void {
    const from = this.#at
    const tell = this.#tells.at(-1)
    const isTold = tell !== undefined && tell.to === undefined
    if (from !== undefined && from.epoch === to.epoch) {
      const step = comparePositions(to, from)
      if (isTold && tell.reason === 'epoch') {
        this.#report('false alarm: told of an epoch that is the same', shown(to))
      } else if (step < 0 || (isMessage && step === 0)) {
        this.#report('backwards: at or below a cursor that was served', shown(to))
      }
    } else if (from !== undefined) {
      if (!isTold || tell.reason !== 'epoch') {
        this.#report('silent: another epoch, and nobody said so', shown(to))
      }
      if (this.#seen.has(to.epoch)) {
        this.#report('backwards: at or below a cursor that was served', `${shown(to)}, again`)
      }
    }
    for (const open of this.#tells) open.to ??= to
    if (!this.#seen.has(to.epoch)) this.#seen.set(to.epoch, new Set())
    this.#log.epochs.add(to.epoch)
    this.#at = to
  }

  #requireTold(publication: Publication): void {
    const { n, fate, topic, cursor } = publication
    if (fate !== 'acknowledged' || cursor === undefined) return
    if (!this.#reader.topics.includes(topic)) return
    if ([...this.#seen.values()].some((seen) => seen.has(n))) return
    if (this.#tells.some((tell) => excuses(tell, publication.sentAt, cursorOf(cursor)))) {
      this.excused.add(n)
    } else {
      this.lost.add(n)
      this.#report('lost: acknowledged, and never came', `${n} at ${cursor}`)
    }
  }

  #report(fault: Violation['fault'], detail: string): void {
    const isFirst = this.violations.length === 0
    const trail = isFirst ? { trail: this.#reader.trail(this.#now) } : {}
    this.violations.push({ fault, reader: this.#reader.name, detail, ...trail })
  }
}

/**
 * Whether a resync told of a message: it was sent before that, and is not behind where the reader
 * went on, nor before where it had been.
 */
function excuses({ at, reason, from, to }: Tell, sentAt: number, cursor: Cursor): boolean {
  if (sentAt > at) return false
  if (cursor.epoch === from.epoch && comparePositions(cursor, from) <= 0) return false
  if (reason !== 'epoch' || to === undefined || to.epoch !== cursor.epoch) return true
  return comparePositions(cursor, to) <= 0
}

const shown = ({ ms, counter, epoch }: Cursor): string => `${ms}-${counter}.${epoch}`

function cursorOf(text: string): Cursor {
  const cursor = parseCursor(text)
  if (cursor === undefined) throw new Error(`not a cursor: ${text}`)
  return cursor
}
