// Publishers on all nodes, at a steady rate, who write down what they were told of each message.

import { setTimeout as delay } from 'node:timers/promises'
import { pseudoRandom } from '../../support/pseudoRandom.js'
import type { Ledger, Publication } from './Ledger.js'
import type { Node } from './LogReader.js'
import { ask } from './NodeApi.js'

interface LoadOptions {
  readonly nodes: readonly Node[]
  readonly topics: readonly string[]
  readonly ledger: Ledger
  readonly perSecond: number
  /** So many publish one after the other instead, as fast as they are answered. */
  readonly publishers?: number
  /** Of ten publications so many have an idempotency key, and are tried until they are answered. */
  readonly keyedOfTen?: number
  readonly seed?: number
}

/** Beyond these under way it waits: what is late is not made up for. */
const MAX_UNDER_WAY = 400
const TICK_MS = 10
/** Far longer than a node may take. */
const GIVE_UP_MS = 8000
const TRIES_WITHIN_MS = 30_000
const AGAIN_MS = 100

export class Load {
  /** Of every answer, in ms. */
  readonly latenciesMs: number[] = []
  /** By status; 0 where none came. */
  readonly #answers = new Map<number, number>()
  readonly #options: LoadOptions
  readonly #random: () => number
  readonly #underWay = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  #due = 0
  #isFinished = false

  constructor(options: LoadOptions) {
    this.#options = options
    this.#random = pseudoRandom(options.seed ?? 1)
  }

  start(): void {
    const { publishers } = this.#options
    if (publishers === undefined) return this.#startAtRate()
    for (let n = 0; n < publishers; n += 1) this.#watch(this.#publishOneByOne())
  }

  #startAtRate(): void {
    let last = performance.now()
    this.#timer = setInterval(() => {
      const now = performance.now()
      this.#due += ((now - last) / 1000) * this.#options.perSecond
      last = now
      for (; this.#due >= 1; this.#due -= 1) {
        if (this.#underWay.size < MAX_UNDER_WAY) this.#watch(this.#publishAny())
      }
    }, TICK_MS)
  }

  /** Begins nothing new. */
  stop(): void {
    clearInterval(this.#timer)
    this.#isFinished = true
  }

  /** Stops, waits for all answers, and says which numbers were the last of each topic. */
  async finish(): Promise<number[]> {
    this.stop()
    await Promise.all(this.#underWay)
    const { topics, ledger } = this.#options
    const last = topics.map((topic) => ledger.add(topic))
    await Promise.all(last.map((publication) => this.#publish(publication, true)))
    return last.map(({ n }) => n)
  }

  /** One message, now; resolves with what became of it. */
  async once(): Promise<Publication> {
    const { topics, ledger } = this.#options
    const publication = ledger.add(this.#any(topics))
    await this.#publish(publication, false)
    return publication
  }

  /** How many answers had this status; 0: none came. */
  count(status: number): number {
    return this.#answers.get(status) ?? 0
  }

  /** Every status with how often it came. */
  get statuses(): string {
    return [...this.#answers].map(([status, count]) => `${count}×${status}`).join(' ')
  }

  /** Answers that were none, or another than success. */
  get errors(): number {
    const all = [...this.#answers.values()].reduce((sum, count) => sum + count, 0)
    return all - this.count(201) - this.count(200)
  }

  get slowestMs(): number {
    return this.latenciesMs.reduce((slowest, ms) => Math.max(slowest, ms), 0)
  }

  async #publishOneByOne(): Promise<void> {
    while (!this.#isFinished) await this.#publishAny()
  }

  #watch(publishing: Promise<void>): void {
    this.#underWay.add(publishing)
    void publishing.finally(() => this.#underWay.delete(publishing))
  }

  #publishAny(): Promise<void> {
    const { ledger, topics, keyedOfTen = 3 } = this.#options
    const publication = ledger.add(this.#any(topics))
    return this.#publish(publication, this.#random() * 10 < keyedOfTen)
  }

  async #publish(publication: Publication, isKeyed: boolean): Promise<void> {
    const giveUpAt = performance.now() + TRIES_WITHIN_MS
    for (;;) {
      await this.#try(publication, isKeyed)
      const { fate } = publication
      if (fate === 'acknowledged' || fate === 'refused' || !isKeyed) return
      if (performance.now() > giveUpAt) return
      await delay(AGAIN_MS)
    }
  }

  async #try(publication: Publication, isKeyed: boolean): Promise<void> {
    const { ledger, nodes } = this.#options
    const { n, topic } = publication
    const body = { type: 'numbered', payload: { n }, topics: [topic] }
    const headers: Record<string, string> = isKeyed ? { 'Idempotency-Key': `key-${n}` } : {}
    const startedAt = performance.now()
    const request = { body, headers, timeoutMs: GIVE_UP_MS }
    const asked = ask(this.#any(nodes).url, '/api/sync/send', request)
    const answer = await asked.catch((error: NodeJS.ErrnoException) => error)
    const status = 'status' in answer ? answer.status : 0
    if (status !== 0) this.latenciesMs.push(performance.now() - startedAt)
    this.#answers.set(status, this.count(status) + 1)
    if ('status' in answer && (status === 201 || status === 200)) {
      const { messageId: id, cursor } = answer.body
      ledger.settle(publication, 'acknowledged', { id, cursor })
    } else {
      const isUnheard = !('status' in answer) && answer.code === 'ECONNREFUSED'
      ledger.settle(publication, isUnheard ? 'unheard' : fateOf(status))
    }
  }

  #any<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)]!
  }
}

function fateOf(status: number): 'refused' | 'unavailable' | 'cut' {
  if (status === 503) return 'unavailable'
  return status >= 400 && status < 500 ? 'refused' : 'cut'
}
