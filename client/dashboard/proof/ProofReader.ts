// Keeps a proof going: tells it what arrives, reads the log again every few seconds, and begins anew
// where another user, other topics or a loss change what is to be compared. Knows no React.

import { MAX_TOPICS } from '../../../shared/names.js'
import type { ConnectionManager, MessageOf } from '../../connection/index.js'
import { type Api, ApiError } from '../page/api.js'
import { Alarm, type Clock, pageClock } from './Alarm.js'
import { Proof, type ProofSnapshot } from './Proof.js'
import { readAgain } from './readAgain.js'

const CHECK_AGAIN_MS = 3000
/** In a hidden tab, and where nothing is open: the last message may be lost without a trace. */
const CHECK_IDLY_MS = 15_000
const MAX_BACKOFF_MS = 30_000
/** The log keeps 1,000 messages of an audience by default: with more, it is read again at once. */
const MANY_PENDING = 250
/** How long a connection may take to go over to other rights. */
const RIGHTS_SETTLE_MS = 3000
/** Readings of the log in vain, before what they were to close is given up. */
const MAX_CLOSING_FAILURES = 3
const TELL_EVERY_MS = 100

export interface ProofState extends ProofSnapshot {
  /** By the page's clock, in milliseconds; `undefined` before the first time. */
  readonly lastCheckedAt: number | undefined
  /** Why the log couldn't be read again the last time. */
  readonly fault: ApiError | undefined
}

/** Where the comparison is to begin anew, once what came before is read to its end. */
interface Beginning {
  readonly anchor: string
  /** How many messages had arrived by then. */
  readonly from: number
  readonly topics: readonly string[]
}

export class ProofReader {
  readonly #manager: ConnectionManager
  readonly #listeners = new Set<() => void>()
  #api: Pick<Api, 'poll'>
  #proof = new Proof('0')
  /** What the connection reads now, and what the log is still read again for. */
  #wanted: readonly string[] = []
  #topics: readonly string[] = []
  #isSettling = false
  /** Counts what makes an answer about the head of the log obsolete. */
  #changes = 0
  #beginnings: readonly Beginning[] = []
  #isRunning = false
  #state: ProofState = {
    ...this.#proof.getSnapshot(),
    lastCheckedAt: undefined,
    fault: undefined,
  }
  #lastCheckedAt: number | undefined
  #failures = 0
  #fault: ApiError | undefined
  #isChecking = false
  readonly #clock: Clock
  readonly #checking: Alarm
  readonly #settling: Alarm
  readonly #telling: Alarm

  constructor(manager: ConnectionManager, api: Pick<Api, 'poll'>, clock = pageClock) {
    this.#manager = manager
    this.#api = api
    this.#clock = clock
    this.#checking = new Alarm(clock)
    this.#settling = new Alarm(clock)
    this.#telling = new Alarm(clock)
  }

  readonly getSnapshot = (): ProofState => this.#state

  readonly subscribe = (onChange: () => void): (() => void) => {
    this.#listeners.add(onChange)
    return () => this.#listeners.delete(onChange)
  }

  /** Returns what ends it. */
  start(): () => void {
    const { on, onMessage } = this.#manager
    const stops = [
      onMessage((message) => this.#arrived(message)),
      on('status', ({ isConnected }) => {
        this.#readTopics()
        if (isConnected) this.#retry()
      }),
      on('resync', ({ reason }) => this.#resynced(reason)),
      on('forgotten', () => this.#reset()),
    ]
    this.#isRunning = true
    this.#reset()
    return () => {
      this.#isRunning = false
      for (const stop of stops) stop()
      this.#stopAlarms()
    }
  }

  /** Goes on with the rights that this one has. */
  use(api: Pick<Api, 'poll'>): void {
    if (api === this.#api) return
    this.#api = api
    if (this.#isRunning) this.#settle(RIGHTS_SETTLE_MS)
  }

  get #position(): string {
    return this.#manager.cursor ?? this.#manager.options.since
  }

  #reset(): void {
    this.#stopAlarms()
    this.#proof = new Proof(this.#position)
    this.#wanted = this.#readable()
    this.#topics = this.#wanted
    this.#isSettling = false
    this.#beginnings = []
    this.#lastCheckedAt = undefined
    this.#failures = 0
    this.#fault = undefined
    this.#changed()
    this.#schedule()
  }

  #stopAlarms(): void {
    this.#changes += 1
    for (const alarm of [this.#checking, this.#settling, this.#telling]) alarm.cancel()
  }

  #arrived({ id, cursor }: MessageOf): void {
    const isInPlace = cursor === this.#manager.cursor && !this.#isSettling
    this.#proof.arrived(id, isInPlace)
    this.#changed()
    const { pending } = this.#proof
    if (pending === 1 || pending === MANY_PENDING) this.#schedule()
  }

  #resynced(reason: string): void {
    this.#proof.told()
    // Asked for by somebody: nothing was lost.
    if (reason !== 'forced') this.#begin(this.#position)
    this.#changed()
  }

  /** Those that may be read: a single other one would refuse the whole poll. */
  #readable(): readonly string[] {
    const { topics, denied } = this.#manager.getSnapshot()
    return topics.filter((topic) => !denied.includes(topic)).sort()
  }

  #readTopics(): void {
    const wanted = this.#readable()
    if (wanted.join() === this.#wanted.join()) return
    this.#wanted = wanted
    this.#settle(this.#isSettling ? RIGHTS_SETTLE_MS : 0)
  }

  /**
   * What is read has changed. What is published from now on comes by the new rule; of what was
   * before, some comes and some doesn't, and nobody is to blame.
   */
  #settle(ms: number): void {
    this.#isSettling = true
    this.#changes += 1
    this.#settling.set(ms, () => void this.#beginAtHead(this.#changes))
  }

  async #beginAtHead(change: number): Promise<void> {
    const head = await this.#api.poll('now', []).catch((error: unknown) => this.#failed(error))
    // Another change, user or page came meanwhile.
    if (change !== this.#changes) return
    if (head === undefined) {
      this.#failures += 1
      return this.#settle(CHECK_AGAIN_MS)
    }
    this.#failures = 0
    this.#isSettling = false
    this.#begin(head.cursor)
  }

  #begin(anchor: string): void {
    const { arrivals: from } = this.#proof
    this.#beginnings = [...this.#beginnings, { anchor, from, topics: this.#wanted }]
    this.#schedule()
  }

  #schedule(ms = this.#delayMs()): void {
    if (this.#isChecking || !this.#isRunning) return
    this.#checking.set(ms, () => void this.#check())
  }

  #delayMs(): number {
    if (this.#failures > 0) return Math.min(MAX_BACKOFF_MS, 1000 * 2 ** this.#failures)
    const { pending, awaited } = this.#proof.getSnapshot()
    if (this.#beginnings.length > 0 || pending >= MANY_PENDING) return 0
    return this.#clock.isHidden() || pending + awaited === 0 ? CHECK_IDLY_MS : CHECK_AGAIN_MS
  }

  /** The network is back, and the log may soon let go of what is still to be read. */
  #retry(): void {
    if (this.#failures === 0) return
    this.#failures = 0
    if (this.#isSettling) this.#settle(0)
    else this.#schedule(0)
  }

  async #check(): Promise<void> {
    // What is to be read is about to change.
    if (this.#isSettling) return
    const proof = this.#proof
    const [beginning] = this.#beginnings
    this.#isChecking = true
    try {
      await this.#readAgain(proof, beginning)
      this.#failures = 0
      this.#fault = undefined
    } catch (error) {
      this.#failed(error)
      this.#failures += 1
    }
    this.#isChecking = false
    if (proof === this.#proof) this.#checked(beginning)
    this.#schedule()
  }

  #readAgain(proof: Proof, beginning: Beginning | undefined): Promise<void> {
    const api = this.#api
    // To close, also what the new topics have brought by then is found.
    const all = new Set([...this.#topics, ...(beginning?.topics ?? [])])
    const topics = [...all].slice(0, MAX_TOPICS)
    const isWanted = () => proof === this.#proof && api === this.#api
    return readAgain(proof, {
      poll: (since) => api.poll(since, topics),
      before: Math.min(proof.arrivals, beginning?.from ?? Number.POSITIVE_INFINITY),
      position: () => {
        const isChanging = this.#isSettling || this.#beginnings.length > 0
        return isChanging ? undefined : this.#manager.cursor
      },
      isWanted,
    })
  }

  #checked(beginning: Beginning | undefined): void {
    const isRead = this.#failures === 0
    if (isRead) this.#lastCheckedAt = this.#clock.now()
    if (beginning && (isRead || this.#failures >= MAX_CLOSING_FAILURES)) {
      this.#proof.beginAnew(beginning.anchor, beginning.from)
      this.#topics = beginning.topics
      this.#beginnings = this.#beginnings.slice(1)
      this.#failures = 0
    }
    this.#changed()
  }

  #failed(error: unknown): undefined {
    if (error instanceof ApiError) this.#fault = error
    else reportError(error)
    this.#changed()
  }

  /** Tells at most ten times a second, however many messages arrive. */
  #changed(): void {
    if (this.#telling.isSet) return
    this.#telling.set(TELL_EVERY_MS, () => {
      this.#state = {
        ...this.#proof.getSnapshot(),
        lastCheckedAt: this.#lastCheckedAt,
        fault: this.#fault,
      }
      for (const listener of this.#listeners) listener()
    })
  }
}
