// Duties of nodes that share a Redis. A term is a lease there, extended again and again; Redis's clock
// decides when it has ended. What is noted is fenced by the term's number, so that a node that slept
// through its successor's term notes nothing, and so does nothing.

import { randomUUID } from 'node:crypto'
import type { RedisConnections } from '../../redis/RedisConnections.js'
import type { RedisScripts } from '../../redis/RedisScripts.js'
import type { Duties, DutyHolder, Term } from './Duties.js'
import { HOLD, NOTE, RESIGN } from './dutyScripts.js'

/** A node that dies is followed by another after 3.5–6.5 s; one that stops, within 1.5 s. */
const LEASE = { everyMs: 1500, termMs: 5000 }
/** A week: then what was noted is of no use to anybody. */
const KEPT_MS = 7 * 86_400_000
const NOTE_PREFIX = 'n:'

interface RedisDutiesOptions {
  readonly redis: RedisConnections
  readonly scripts: RedisScripts
  readonly monotonicNow: () => number
  readonly lease?: typeof LEASE
}

interface Bid {
  readonly holder: DutyHolder
  /** The number of this node's term; 0: another's, or nobody's. */
  term: number
}

export class RedisDuties implements Duties {
  readonly #options: RedisDutiesOptions
  readonly #lease: typeof LEASE
  readonly #node = randomUUID()
  readonly #bids = new Map<string, Bid>()
  #timer: NodeJS.Timeout | undefined
  #heldUntil = 0
  #isAsking = false

  constructor(options: RedisDutiesOptions) {
    this.#options = options
    this.#lease = options.lease ?? LEASE
  }

  bid(name: string, holder: DutyHolder): () => void {
    if (this.#bids.has(name)) throw new Error(`the duty ${name} is taken twice`)
    this.#bids.set(name, { holder, term: 0 })
    this.#timer ??= setInterval(() => void this.#hold(), this.#lease.everyMs)
    // All that are bid for now, together.
    queueMicrotask(() => void this.#hold())
    return () => {
      if (this.#bids.get(name)?.holder !== holder) return
      this.#end(name)
      this.#bids.delete(name)
      this.#tellFree([name]).catch(() => {})
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    const names = [...this.#bids.keys()]
    for (const name of names) this.#end(name)
    this.#bids.clear()
    // Where Redis is away, the others wait until the terms have ended.
    if (names.length > 0) await this.#tellFree(names).catch(() => {})
  }

  async #hold(): Promise<void> {
    const { scripts, monotonicNow } = this.#options
    if (this.#isAsking || this.#bids.size === 0) return
    this.#isAsking = true
    const askedAt = monotonicNow()
    const names = [...this.#bids.keys()]
    const keys = names.map(keyOf)
    try {
      const args = [this.#node, this.#lease.termMs, KEPT_MS]
      const terms = (await scripts.run(HOLD, keys, args)) as readonly number[]
      this.#heldUntil = askedAt + this.#lease.termMs
      for (const [index, name] of names.entries()) this.#set(name, terms[index] ?? 0)
    } catch {
      if (monotonicNow() > this.#heldUntil) for (const name of names) this.#end(name)
    } finally {
      this.#isAsking = false
    }
  }

  #set(name: string, term: number): void {
    const bid = this.#bids.get(name)
    if (bid === undefined) {
      // Withdrawn while Redis was asked.
      if (term > 0) this.#tellFree([name]).catch(() => {})
      return
    }
    if (bid.term === term) return
    this.#end(name)
    if (term === 0) return
    bid.term = term
    bid.holder.assume(this.#term(name, term))
  }

  #end(name: string): void {
    const bid = this.#bids.get(name)
    if (bid === undefined || bid.term === 0) return
    bid.term = 0
    bid.holder.resign()
  }

  #term(name: string, term: number): Term {
    const { redis, scripts } = this.#options
    return {
      async recall() {
        const all = await redis.commands.hgetall(redis.key(keyOf(name)))
        const notes = Object.entries(all).filter(([field]) => field.startsWith(NOTE_PREFIX))
        return Object.fromEntries(
          notes.map(([field, value]) => [field.slice(NOTE_PREFIX.length), value]),
        )
      },
      note: async (fields) => {
        const notes = Object.entries(fields).flatMap(([field, value]) => [
          `${NOTE_PREFIX}${field}`,
          value,
        ])
        const args = [this.#node, term, KEPT_MS, ...notes]
        const isNoted = (await scripts.run(NOTE, [keyOf(name)], args)) === 1
        if (!isNoted && this.#bids.get(name)?.term === term) this.#end(name)
        return isNoted
      },
    }
  }

  async #tellFree(names: readonly string[]): Promise<void> {
    await this.#options.scripts.run(RESIGN, names.map(keyOf), [this.#node])
  }
}

const keyOf = (name: string): string => `duty:${name}`
