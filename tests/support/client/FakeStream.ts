// The server's side of a WebSocket or an event stream: a place in the log, what is read from
// there, and what this connection has been told so far.

import type { Entry, FakeLog } from './FakeLog.js'

export type Say = (op: string, body: object) => void

export class FakeStream {
  readonly #log: FakeLog
  readonly #say: Say
  readonly userId: string
  readonly topics: Set<string>
  readonly #sent = new Set<number>()
  readonly #catchups: (() => void)[] = []
  #position = 0
  #knownLoss = 0
  #knownForced = 0

  constructor(log: FakeLog, userId: string, topics: readonly string[], say: Say) {
    this.#log = log
    this.userId = userId
    this.#say = say
    this.topics = new Set(topics)
  }

  /** False where `since` is no cursor. */
  open(since: unknown, denied: readonly string[]): boolean {
    const start = this.#log.start(since, this.#reads)
    if (!start) return false
    this.#position = start.position
    this.#knownLoss = this.#log.lostAfter(start.position, this.#reads)
    this.#knownForced = this.#log.head
    const ahead = this.#log.between(start.position, this.#log.head, this.#reads)
    const isForced = !start.isNew && ahead.some(({ message }) => !message)
    const reason = start.reason ?? (isForced ? 'forced' : undefined)
    this.#say('connected', {
      protocol: 1,
      connectionId: 'c',
      userId: this.userId,
      cursor: this.cursor,
      resync: reason !== undefined,
      reason,
      topics: [...this.topics],
      denied,
      heartbeat: 15_000,
      maxPayload: 65_536,
    })
    return true
  }

  get cursor(): string {
    return this.#log.cursorAt(this.#position)
  }

  /** Says all that is new, as long as its reader takes it. */
  pump(): void {
    for (const catchup of this.#catchups.splice(0)) catchup()
    const loss = this.#log.lostAfter(this.#position, this.#reads)
    if (loss > this.#knownLoss) {
      this.#knownLoss = loss
      this.#say('resync', { reason: 'lagged', cursor: this.cursor })
    }
    const entries = this.#log.between(this.#position, this.#log.head, this.#reads)
    this.#position = this.#log.head
    for (const entry of entries) this.#tell(entry)
  }

  /** Adds topics; what they hold after `since` comes first, where the connection has not sent it. */
  subscribe(topics: readonly string[], since: unknown, ref: unknown, isLagging: boolean): void {
    if (!isLagging) this.pump()
    const upTo = this.#position
    for (const topic of topics) this.topics.add(topic)
    const isAsked = (entry: Entry) => isOfTopics(entry, topics)
    const start = this.#log.start(since ?? 'now', isAsked)
    if (!start) return this.#say('error', { ref, code: 'invalid_cursor', message: 'since' })
    this.#catchups.push(() => {
      const missed = this.#log
        .between(start.position, upTo, isAsked)
        .filter((entry) => this.#reads(entry) && !this.#sent.has(entry.n))
      const isForced = !start.isNew && missed.some(({ message }) => !message)
      const reason = start.reason ?? (isForced ? 'forced' : undefined)
      for (const { n, message } of missed) {
        this.#sent.add(n)
        if (message) this.#say('message', { message, catchup: true })
      }
      const cursor = this.#log.cursorAt(upTo)
      this.#say('ok', { ref, cursor, resync: reason !== undefined, reason, topics })
    })
    this.#knownLoss = Math.max(this.#knownLoss, this.#log.lostAfter(0, isAsked))
    if (!isLagging) this.pump()
  }

  #tell({ n, message }: Entry): void {
    this.#sent.add(n)
    if (message) this.#say('message', { message })
    else if (n > this.#knownForced) {
      this.#say('resync', { reason: 'forced', cursor: this.#log.cursorAt(n) })
    }
  }

  readonly #reads = (entry: Entry): boolean => isFor(entry, this.userId, this.topics)
}

/** Precedence as at publish: a user's own, else its topics', else everyone's. */
export function isFor({ audience }: Entry, userId: string, topics: ReadonlySet<string>): boolean {
  if (audience.userId !== undefined) return audience.userId === userId
  return audience.topics?.some((topic) => topics.has(topic)) ?? true
}

const isOfTopics = ({ audience }: Entry, topics: readonly string[]): boolean =>
  audience.userId === undefined && (audience.topics?.some((t) => topics.includes(t)) ?? false)
