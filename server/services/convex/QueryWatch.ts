// A query that is watched: by this node while it has the duty, by another otherwise. What it says of
// itself is how far behind it is.

import type { DutyHolder, Term } from '../duties/Duties.js'
import type { IntegrationHost } from '../Integration.js'
import type { ToDrafts, WatchCounts } from './ChangePublisher.js'
import { Lag } from './Lag.js'
import { type QueryResult, WatchTerm } from './WatchTerm.js'

export interface Subscriber {
  result(result: QueryResult): void
  /** The query throws; another result may follow. */
  failed(error: Error): void
  disconnected(): void
  connected(): void
  /** Nothing was heard on the connection since then, or there was again. */
  quiet(since: number | undefined): void
}

/** Subscribes to the query. Returns what ends that. */
export type Subscribe = (subscriber: Subscriber) => () => void

export interface WatchStatus {
  readonly name: string
  /** The query's name. */
  readonly query: string
  /** `standby`: another node watches. */
  readonly state: 'standby' | 'starting' | 'watching' | 'failing' | 'disconnected'
  /** For how long there may have been changes that are not published; 0: there are none. */
  readonly behindMs?: number
  /** For how long there has been no connection to Convex. */
  readonly disconnectedMs?: number
  /** Messages that this node published, audiences' resyncs that stood for some, and changes lost. */
  readonly published: number
  readonly resyncs: number
  readonly lost: number
}

interface QueryWatchOptions {
  readonly name: string
  readonly query: string
  readonly subscribe: Subscribe
  readonly toDrafts: ToDrafts
  readonly newRun: () => string
  readonly host: IntegrationHost
}

/** Of what Convex says of a failing query. */
const MAX_SAID_LENGTH = 300

export class QueryWatch implements DutyHolder {
  readonly #options: QueryWatchOptions
  readonly #counts: WatchCounts = { published: 0, resyncs: 0, lost: 0 }
  #lag: Lag | undefined
  #endTerm = () => {}

  constructor(options: QueryWatchOptions) {
    this.#options = options
  }

  get status(): WatchStatus {
    const { name, query } = this.#options
    const facts = { name, query, ...this.#counts }
    const lag = this.#lag
    if (lag === undefined) return { ...facts, state: 'standby' }
    const disconnectedMs = lag.lasting('disconnected')
    const state = stateOf(lag)
    return {
      ...facts,
      state,
      behindMs: lag.ms,
      ...(disconnectedMs !== undefined && { disconnectedMs }),
    }
  }

  assume(term: Term): void {
    const { subscribe, toDrafts, newRun, host } = this.#options
    const lag = new Lag(host.monotonicNow)
    lag.begin('unknown')
    const counts = this.#counts
    const watching = new WatchTerm({ term, host, lag, counts, toDrafts, newRun })
    const unsubscribe = subscribe(this.#subscriber(watching, lag))
    this.#lag = lag
    this.#endTerm = () => {
      unsubscribe()
      watching.end()
    }
  }

  resign(): void {
    this.#endTerm()
    this.#endTerm = () => {}
    this.#lag = undefined
  }

  #subscriber(watching: WatchTerm, lag: Lag): Subscriber {
    return {
      result(result) {
        lag.end('unknown')
        lag.end('failing')
        watching.take(result)
      },
      failed: (error) => {
        lag.end('unknown')
        if (lag.lasting('failing') === undefined) this.#tellFailure(error)
        lag.begin('failing')
      },
      disconnected() {
        lag.begin('disconnected')
        // What comes first when it is back says what it has missed.
        lag.begin('unknown')
      },
      connected: () => lag.end('disconnected'),
      quiet(since) {
        if (since === undefined) lag.end('quiet')
        else lag.begin('quiet', since)
      },
    }
  }

  #tellFailure(cause: Error): void {
    const [said = ''] = cause.message.split('\n')
    const text = `the watched query ${this.#options.query} fails: ${said.slice(0, MAX_SAID_LENGTH)}`
    this.#options.host.onFault(new Error(text, { cause }))
  }
}

function stateOf(lag: Lag): WatchStatus['state'] {
  if (lag.lasting('disconnected') !== undefined) return 'disconnected'
  if (lag.lasting('failing') !== undefined) return 'failing'
  return lag.lasting('unknown') === undefined ? 'watching' : 'starting'
}
