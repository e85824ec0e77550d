// How many sockets and streams each user and each address has on all nodes together, in Redis: a
// hash for each, a field for each node. A node that stops saying that it lives doesn't count.
//
// Each node knows its own numbers. Where Redis may have other ones of it (an answer was lost, Redis
// was emptied, the keys grow old) it takes a new name and tells them anew: what stands under the old
// name no longer counts.

import { randomUUID } from 'node:crypto'
import type { RedisConnections } from '../redis/RedisConnections.js'
import type { RedisScripts } from '../redis/RedisScripts.js'
import { once, overCapacity, type Release } from './ConnectionLimits.js'
import { digestOf } from './digest.js'
import { ADMIT, NODES, PULSES, RELEASE, RENAME } from './placeScripts.js'

/** How often a node says that it lives, and for how long it is believed. */
const PULSE = { everyMs: 2000, believedMs: 8000 }
/** Nodes that have been silent for longer are forgotten, and told so when they come back. */
const FORGOTTEN_AFTER_MS = 60_000
/** How long a number is kept that nobody touches, and when a node tells its own anew. */
const KEPT_MS = 15 * 60_000
const TOLD_ANEW_MS = 5 * 60_000
/** How many are told in one step. */
const PAGE = 500

interface RedisPlacesOptions {
  readonly redis: RedisConnections
  readonly scripts: RedisScripts
  readonly maxPerUser: number
  readonly maxPerAddress: number
  readonly monotonicNow: () => number
  readonly pulse?: typeof PULSE
}

export class RedisPlaces {
  readonly #options: RedisPlacesOptions
  readonly #pulse: typeof PULSE
  /** What this node has, by key. */
  readonly #own = new Map<string, number>()
  #name = randomUUID()
  readonly #formerNames: string[] = []
  /** Whether Redis may have other numbers of this node. */
  #isInDoubt = false
  #toldAnewAt: number
  #isTelling = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: RedisPlacesOptions) {
    this.#options = options
    this.#pulse = options.pulse ?? PULSE
    this.#toldAnewAt = options.monotonicNow()
  }

  start(): void {
    this.#options.redis.commands.on('ready', this.#onReady)
    this.#timer = setInterval(() => void this.#live(), this.#pulse.everyMs)
    void this.#live()
  }

  stop(): void {
    this.#options.redis.commands.off('ready', this.#onReady)
    clearInterval(this.#timer)
    this.#forget([this.#name, ...this.#formerNames])
  }

  /**
   * A place for a connection of this user at this address. Rejects with `unavailable` at a cap;
   * where Redis doesn't answer there is one, and this node's own caps are all that hold.
   */
  async admit(userId: string, address: string): Promise<Release> {
    const { scripts, maxPerUser, maxPerAddress } = this.#options
    const keys = [`places:user:${digestOf(userId)}`, `places:address:${digestOf(address)}`]
    const name = this.#name
    const args = [name, FORGOTTEN_AFTER_MS, this.#pulse.believedMs, KEPT_MS]
    const asked = scripts.runPromptly(ADMIT, [NODES, ...keys], [...args, maxPerUser, maxPerAddress])
    const answer = await asked.catch(() => {
      this.#isInDoubt = true
    })
    const [full, isNew] = (answer ?? [0, 0]) as [number, number]
    // It has lost the others.
    if (isNew === 1 && this.#own.size > 0) this.#isInDoubt = true
    if (full === 1) throw overCapacity('this user has', maxPerUser)
    if (full === 2) throw overCapacity('this address has', maxPerAddress)
    this.#note(keys, 1)
    if (name !== this.#name) {
      // The others were told anew meanwhile, without this one.
      const untold = keys.map((key) => [key, 1] as const)
      this.#tell(untold, name).catch(() => {})
    }
    return once(() => this.#release(keys))
  }

  #release(keys: readonly string[]): void {
    this.#note(keys, -1)
    this.#options.scripts.run(RELEASE, keys, [this.#name, KEPT_MS]).catch(() => {
      this.#isInDoubt = true
    })
  }

  #note(keys: readonly string[], by: 1 | -1): void {
    for (const key of keys) {
      const count = (this.#own.get(key) ?? 0) + by
      if (count === 0) this.#own.delete(key)
      else this.#own.set(key, count)
    }
  }

  readonly #onReady = () => {
    // Another Redis may have taken its place.
    this.#isInDoubt = true
    void this.#live()
  }

  async #live(): Promise<void> {
    const { scripts, monotonicNow } = this.#options
    if (this.#isTelling) return
    this.#isTelling = true
    const isOld = monotonicNow() - this.#toldAnewAt >= TOLD_ANEW_MS
    try {
      const isNew = await scripts.run(PULSES, [NODES], [this.#name, FORGOTTEN_AFTER_MS])
      const isLost = isNew === 1 && this.#own.size > 0
      if (isLost || isOld || this.#isInDoubt) await this.#tellAnew()
    } catch {
      // The next one may be heard.
    } finally {
      this.#isTelling = false
    }
  }

  async #tellAnew(): Promise<void> {
    const former = this.#name
    this.#formerNames.push(former)
    this.#name = randomUUID()
    this.#isInDoubt = false
    this.#toldAnewAt = this.#options.monotonicNow()
    // All at once: what is admitted or released from here on comes after.
    const own = [...this.#own]
    const count = Math.max(1, Math.ceil(own.length / PAGE))
    const told = Array.from({ length: count }, (_, page) =>
      this.#tell(own.slice(page * PAGE, (page + 1) * PAGE), former),
    )
    await Promise.all(told)
    this.#forget(this.#formerNames.splice(0))
  }

  async #tell(own: readonly (readonly [key: string, count: number])[], former: string) {
    const keys = own.map(([key]) => key)
    const args = [this.#name, FORGOTTEN_AFTER_MS, KEPT_MS, former, ...own.map(([, count]) => count)]
    await this.#options.scripts.run(RENAME, [NODES, ...keys], args).catch((error: unknown) => {
      this.#isInDoubt = true
      throw error
    })
  }

  #forget(names: readonly string[]): void {
    const { redis } = this.#options
    redis.commands.zrem(redis.key(NODES), ...names).catch(() => {})
  }
}
