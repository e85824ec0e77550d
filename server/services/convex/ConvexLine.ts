// One client of Convex for all watched queries of this node: there while a query is watched, replaced
// where it can't go on. It reconnects by itself; here it is told whether it is connected, and heard.

import { guardedSocket } from './guardedSocket.js'
import type { Subscriber } from './QueryWatch.js'
import { backoffMs } from './untilDone.js'
import type { QueryResult } from './WatchTerm.js'

/** What of Convex's client is used here. */
export interface LineClient<Query> {
  onUpdate(
    query: Query,
    take: (result: QueryResult) => void,
    fail: (error: Error) => void,
  ): () => void
  onConnection(tell: (isConnected: boolean) => void): void
  close(): void
}

export type OpenClient<Query> = (
  webSocketConstructor: typeof globalThis.WebSocket,
  /** It can't go on. */
  onBroken: (error: unknown) => void,
) => LineClient<Query>

interface ConvexLineOptions<Query> {
  readonly open: OpenClient<Query>
  readonly onFault: (error: unknown) => void
  readonly monotonicNow: () => number
  readonly random: () => number
}

interface Subscription<Query> {
  readonly query: Query
  readonly subscriber: Subscriber
  unsubscribe: () => void
}

/** Convex says something every 15 s. */
const QUIET_AFTER_MS = 20_000
const LOOK_EVERY_MS = 5000
/** Convex's client comes back sooner from most of what happens to a connection. */
const TOLD_AWAY_AFTER_MS = 10_000
/** A client that broke after less than this counts with those before it, whatever it has brought. */
const STEADY_AFTER_MS = 60_000

export class ConvexLine<Query> {
  readonly #options: ConvexLineOptions<Query>
  readonly #subscriptions = new Set<Subscription<Query>>()
  #client: LineClient<Query> | undefined
  #isConnected = false
  /** When the connection was lost, or the first one was tried. */
  #awaySince: number | undefined
  #isAwayTold = false
  #heardAt = 0
  #openedAt = 0
  #breaks = 0
  #timer: NodeJS.Timeout | undefined
  #reopening: NodeJS.Timeout | undefined

  constructor(options: ConvexLineOptions<Query>) {
    this.#options = options
  }

  subscribe(query: Query, subscriber: Subscriber): () => void {
    const subscription = { query, subscriber, unsubscribe: () => {} }
    this.#subscriptions.add(subscription)
    if (!this.#isConnected) subscriber.disconnected()
    if (this.#client !== undefined) this.#connect(this.#client, subscription)
    else if (this.#reopening === undefined) this.#open()
    return () => {
      this.#subscriptions.delete(subscription)
      subscription.unsubscribe()
      if (this.#subscriptions.size === 0) this.#close()
    }
  }

  #open(): void {
    const { open, onFault, monotonicNow } = this.#options
    const onFrame = () => {
      this.#heardAt = monotonicNow()
    }
    const onBroken = (cause: unknown) => {
      if (this.#client !== client) return
      onFault(new Error("Convex's client could not go on; another takes its place", { cause }))
      this.#reopen()
    }
    const client = open(guardedSocket({ onFrame, onBroken }), onBroken)
    this.#client = client
    this.#openedAt = monotonicNow()
    this.#awaySince ??= this.#openedAt
    this.#heardAt = this.#openedAt
    client.onConnection((isConnected) => {
      if (this.#client === client) this.#tell(isConnected)
    })
    for (const subscription of this.#subscriptions) this.#connect(client, subscription)
    this.#timer = setInterval(() => this.#listen(), LOOK_EVERY_MS)
    this.#timer.unref()
  }

  #connect(client: LineClient<Query>, subscription: Subscription<Query>): void {
    const { query, subscriber } = subscription
    subscription.unsubscribe = client.onUpdate(
      query,
      (result) => subscriber.result(result),
      (error) => subscriber.failed(error),
    )
  }

  /** What was cut off somewhere on the way says nothing, and the client notices after a minute only. */
  #listen(): void {
    this.#tellAway()
    const isQuiet = this.#options.monotonicNow() - this.#heardAt > QUIET_AFTER_MS
    const since = this.#isConnected && isQuiet ? this.#heardAt : undefined
    for (const { subscriber } of this.#subscriptions) subscriber.quiet(since)
  }

  /** Once, until there is a connection again. */
  #tellAway(): void {
    const { monotonicNow, onFault } = this.#options
    const awayMs = monotonicNow() - (this.#awaySince ?? monotonicNow())
    if (this.#isConnected || this.#isAwayTold || awayMs < TOLD_AWAY_AFTER_MS) return
    this.#isAwayTold = true
    onFault(new Error("Convex can't be reached; what is watched waits for it"))
  }

  #tell(isConnected: boolean): void {
    if (isConnected === this.#isConnected) return
    this.#isConnected = isConnected
    this.#awaySince = this.#options.monotonicNow()
    if (isConnected) this.#isAwayTold = false
    for (const { subscriber } of this.#subscriptions) {
      if (isConnected) subscriber.connected()
      else subscriber.disconnected()
    }
  }

  #reopen(): void {
    const { monotonicNow, random } = this.#options
    this.#close()
    if (monotonicNow() - this.#openedAt > STEADY_AFTER_MS) this.#breaks = 0
    const waitMs = backoffMs(this.#breaks, random)
    this.#breaks += 1
    this.#reopening = setTimeout(() => {
      this.#reopening = undefined
      if (this.#subscriptions.size > 0) this.#open()
    }, waitMs)
    this.#reopening.unref()
  }

  #close(): void {
    clearInterval(this.#timer)
    clearTimeout(this.#reopening)
    this.#reopening = undefined
    const client = this.#client
    this.#client = undefined
    this.#tell(false)
    client?.close()
  }
}
