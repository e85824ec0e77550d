// One node's term of watching a query: compares each result with the last one that was published, and
// has the difference published once, whoever watched before.
//
//   result ──> differs? ──> note { state, pending: drafts } ──> publish, with keys ──> note { pending: none }
//
// A node that dies in between leaves its pending drafts behind: the next one publishes them again under
// the same keys, and only then looks at results. A term that is over notes nothing, and so does nothing.

import type { Term } from '../duties/Duties.js'
import type { IntegrationHost } from '../Integration.js'
import { ChangePublisher, type ToDrafts, type WatchCounts } from './ChangePublisher.js'
import type { Lag } from './Lag.js'
import { isNothing, NOTHING, type Noted, readNotes } from './notes.js'
import { changesBetween, stateOf } from './resultState.js'
import { untilDone } from './untilDone.js'

/** A query's result, as it came and as JSON values. */
export interface QueryResult {
  readonly value: unknown
  readonly json: unknown
}

interface WatchTermOptions {
  readonly term: Term
  readonly host: IntegrationHost
  readonly lag: Lag
  readonly counts: WatchCounts
  readonly toDrafts: ToDrafts
  /** Names a history of results, in idempotency keys: a new one where nothing is known of the last. */
  readonly newRun: () => string
}

export class WatchTerm {
  readonly #options: WatchTermOptions
  readonly #ending = new AbortController()
  readonly #publisher: ChangePublisher
  #noted: Noted | undefined
  #latest: QueryResult | undefined
  #isWorking = false

  constructor(options: WatchTermOptions) {
    this.#options = options
    this.#publisher = new ChangePublisher({ ...options, signal: this.#ending.signal })
    void this.#work(() => this.#settleWhatWasLeft())
  }

  /** A result came. Of several that wait, only the last one counts. */
  take(result: QueryResult): void {
    this.#latest = result
    if (!this.#isWorking) void this.#work(() => this.#publishLatest())
  }

  end(): void {
    this.#ending.abort()
  }

  /** Never rejects. */
  async #work(first: () => Promise<void>): Promise<void> {
    const { lag, host } = this.#options
    this.#isWorking = true
    lag.begin('publishing')
    try {
      await first()
      while (this.#latest !== undefined) await this.#publishLatest()
      lag.end('publishing')
    } catch (error) {
      if (!this.#ending.signal.aborted) host.onFault(error)
    }
    this.#isWorking = false
  }

  async #settleWhatWasLeft(): Promise<void> {
    this.#noted = readNotes(await this.#untilDone(() => this.#options.term.recall()))
    await this.#settle()
  }

  async #publishLatest(): Promise<void> {
    const result = this.#latest
    this.#latest = undefined
    if (result === undefined) return
    const { value, json } = result
    const state = stateOf(json)
    const last = this.#noted
    if (last === undefined) {
      const pending = this.#publisher.pendingForFirst(value)
      await this.#note({ run: this.#options.newRun(), seq: 0, state, pending })
    } else if (last.state.digest !== state.digest) {
      const changes = changesBetween(last.state, state, value as readonly unknown[])
      const pending = this.#publisher.pendingFor({ value, ...(changes && { changes }) })
      await this.#note({ run: last.run, seq: last.seq + 1, state, pending })
    }
    await this.#settle()
  }

  async #settle(): Promise<void> {
    const noted = this.#noted
    if (noted === undefined || isNothing(noted.pending)) return
    await this.#publisher.publish(noted)
    await this.#note({ ...noted, pending: NOTHING })
  }

  /** Rejects where another node has taken over: what it was for must not be done. */
  async #note(noted: Noted): Promise<void> {
    const { run, seq, state, pending } = noted
    const isNew = state !== this.#noted?.state
    const fields = {
      pending: JSON.stringify({ seq, ...pending }),
      ...(isNew && { state: JSON.stringify({ run, seq, ...state }) }),
    }
    if (!(await this.#untilDone(() => this.#options.term.note(fields)))) {
      this.end()
      throw new Error('another node watches')
    }
    this.#noted = noted
  }

  #untilDone<Result>(act: () => Promise<Result>): Promise<Result> {
    return untilDone(act, { signal: this.#ending.signal, random: this.#options.host.random })
  }
}
