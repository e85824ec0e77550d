// One user who reads on every transport while others misbehave, and is sent a numbered message all
// the time: each has to come once, in order, on all of them.

import { setTimeout as delay } from 'node:timers/promises'
import { Api } from './Api.js'
import { SocketClient } from './SocketClient.js'
import { StreamClient } from './StreamClient.js'
import { waitFor } from './waitFor.js'

const PUBLISH_EVERY_MS = 40
const POLL_EVERY_MS = 100
const MISSED_AFTER_MS = 20_000

interface Numbered {
  readonly type: string
  readonly payload: { readonly n: number; readonly isLast: boolean }
}

const TRANSPORTS = ['websocket', 'sse', 'longPoll', 'poll'] as const
type Transport = (typeof TRANSPORTS)[number]

/** From a message's publish to its arrival, 99 of 100 messages, in milliseconds. */
export type Delays = Readonly<Record<Transport, number>>

export class Canaries {
  readonly #url: string
  readonly #token: string
  readonly #api: Api
  readonly #sentAt: number[] = []
  readonly #delays = new Map<Transport, number[]>(TRANSPORTS.map((transport) => [transport, []]))
  readonly #clients: { close(): unknown }[] = []
  readonly #work: Promise<void>[] = []
  #isStopping = false

  private constructor(url: string, token: string) {
    this.#url = url
    this.#token = token
    this.#api = new Api(url, token)
  }

  static async start(url: string, token: string): Promise<Canaries> {
    const canaries = new Canaries(url, token)
    await canaries.#start()
    return canaries
  }

  /** Messages that were sent so far. */
  get sent(): number {
    return this.#sentAt.length
  }

  /** Throws where one of them was not served. */
  async stop(): Promise<Delays> {
    this.#isStopping = true
    try {
      await Promise.all(this.#work)
    } finally {
      for (const client of this.#clients) client.close()
    }
    return Object.fromEntries([...this.#delays].map(([name, all]) => [name, p99(all)])) as Delays
  }

  async #start(): Promise<void> {
    const socket = await SocketClient.connect(this.#url, { token: this.#token })
    const stream = await StreamClient.open(this.#url, { token: this.#token })
    this.#clients.push(socket, stream)
    await stream.next('connected')
    const since = socket.connected.cursor
    const nextFrame = async () => [(await socket.next('message', MISSED_AFTER_MS)).message]
    const nextEvent = async () => [(await stream.next('message', MISSED_AFTER_MS)).data]
    const readers = [
      this.#read('websocket', nextFrame),
      this.#read('sse', nextEvent),
      this.#read('longPoll', this.#pages(since, { wait: 20 })),
      this.#read('poll', this.#pages(since, {})),
    ]
    this.#work.push(...readers, this.#publish())
    // They are told of at `stop`.
    for (const each of this.#work) each.catch(() => {})
    await waitFor('the canaries to be served', () => this.#delays.get('poll')?.length)
  }

  async #publish(): Promise<void> {
    for (let n = 0, isLast = false; !isLast; n += 1) {
      isLast = this.#isStopping
      this.#sentAt.push(performance.now())
      const { status } = await this.#api.send({ type: 'canary', payload: { n, isLast } })
      if (status !== 201) throw new Error(`the canaries' message ${n} was answered ${status}`)
      if (!isLast) await delay(PUBLISH_EVERY_MS)
    }
  }

  async #read(transport: Transport, next: () => Promise<Numbered[]>): Promise<void> {
    const delays = this.#delays.get(transport) as number[]
    for (;;) {
      // What the attackers publish to everyone comes here, too.
      for (const { payload } of (await next()).filter(({ type }) => type === 'canary')) {
        if (payload.n !== delays.length) {
          throw new Error(`by ${transport} came ${payload.n} where ${delays.length} was due`)
        }
        delays.push(performance.now() - (this.#sentAt[payload.n] ?? Number.NaN))
        if (payload.isLast) return
      }
    }
  }

  #pages(since: string, query: { readonly wait?: number }): () => Promise<Numbered[]> {
    let cursor = since
    let hasMore = true
    return async () => {
      if (query.wait === undefined && !hasMore) await delay(POLL_EVERY_MS)
      const { status, body } = await this.#api.poll({ since: cursor, ...query })
      if (status !== 200) throw new Error(`the canaries' poll was answered ${status}`)
      cursor = body.cursor
      hasMore = body.hasMore
      return body.messages
    }
  }
}

function p99(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN)
}
