// What was revoked on any node: each knows all of it in its own memory, tells Redis what it is told
// itself, and looks every second for what others told. What Redis has lost, the nodes tell it anew.

import { randomUUID } from 'node:crypto'
import { SyncError } from '../../shared/errors.js'
import type { Principal, Revocation } from '../../shared/principal.js'
import type { RedisConnections } from '../redis/RedisConnections.js'
import type { RedisScripts } from '../redis/RedisScripts.js'
import { LocalValidity } from './LocalValidity.js'
import { KEYS, LOOK, PAGE, TELL } from './revocationScripts.js'
import {
  revocationKey,
  tooManyRevocations,
  type Validity,
  type ValidityOptions,
} from './Validity.js'

const LOOK_EVERY_MS = 1000
type Revoked = readonly [key: string, revokedAt: number]

interface RedisValidityOptions extends ValidityOptions {
  readonly redis: RedisConnections
  readonly scripts: RedisScripts
  readonly lookEveryMs?: number
}

export class RedisValidity implements Validity {
  readonly #options: RedisValidityOptions
  readonly #local: LocalValidity
  /** Whether everything was read once. */
  #isKnown = false
  /** Whether Redis may lack what it had, or have what it lacked. */
  #mustCompare = true
  /** Of what was read. */
  #generation = ''
  #readUpTo = '0'
  #looking: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(options: RedisValidityOptions) {
    this.#options = options
    this.#local = new LocalValidity(options)
  }

  async start(): Promise<void> {
    const { redis, lookEveryMs = LOOK_EVERY_MS } = this.#options
    redis.commands.on('ready', this.#onReady)
    this.#timer = setInterval(() => void this.#look(), lookEveryMs)
    if (!redis.isUp) {
      await new Promise<void>((resolve) => {
        for (const event of ['ready', 'close']) redis.commands.once(event, () => resolve())
      })
    }
    await this.#look()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#options.redis.commands.off('ready', this.#onReady)
  }

  async revoke(revocation: Revocation): Promise<void> {
    const here = this.#local.revoke(revocation)
    const key = revocationKey(revocation)
    const revokedAt = this.#local.revocations.get(key) ?? 0
    await here
    const { refused } = await this.#tell([[key, revokedAt]]).catch(() => {
      const what = 'it counts on this node, and on the others when Redis can be reached; try again'
      throw new SyncError('unavailable', what)
    })
    if (refused > 0) throw tooManyRevocations()
  }

  isCurrent(principal: Principal): boolean {
    return this.#local.isCurrent(principal)
  }

  assertCurrent(principal: Principal): void {
    if (!this.#isKnown) {
      throw new SyncError('unavailable', 'this server waits to hear what was revoked; try again')
    }
    this.#local.assertCurrent(principal)
  }

  readonly #onReady = () => {
    // Another Redis may have taken its place.
    this.#mustCompare = true
    void this.#look()
  }

  /** Where Redis gives no answer, the next look may have one. */
  #look(): Promise<void> {
    this.#looking ??= this.#read()
      .catch(() => {})
      .finally(() => {
        this.#looking = undefined
      })
    return this.#looking
  }

  async #read(): Promise<void> {
    for (let isDone = false; !isDone && !this.#mustCompare; ) {
      const { generation, found } = await this.#readPage(this.#readUpTo)
      if (generation !== this.#generation) this.#mustCompare = true
      isDone = found.length < PAGE
    }
    if (!this.#mustCompare) return
    this.#mustCompare = false
    await this.#compare().catch((error: unknown) => {
      this.#mustCompare = true
      throw error
    })
  }

  /** Reads all that Redis has, and tells it what it lacks. */
  async #compare(): Promise<void> {
    const told = new Map<string, number>()
    let page = await this.#readPage('0')
    for (;;) {
      for (const [key, revokedAt] of page.found) told.set(key, revokedAt)
      if (page.found.length < PAGE) break
      page = await this.#readPage(this.#readUpTo)
    }
    this.#isKnown = true
    let { generation } = page
    for (const some of pagesOf(this.#lackingIn(told))) ({ generation } = await this.#tell(some))
    this.#generation = generation
  }

  #lackingIn(told: ReadonlyMap<string, number>): Revoked[] {
    const oldest = this.#options.wallNow() - this.#options.rememberMs
    return [...this.#local.revocations].filter(
      ([key, revokedAt]) => revokedAt >= oldest && revokedAt > (told.get(key) ?? 0),
    )
  }

  async #readPage(after: string): Promise<{ generation: string; found: Revoked[] }> {
    const answer = await this.#options.scripts.run(LOOK, KEYS, [after])
    const [generation = '', ...threes] = answer as string[]
    const found: Revoked[] = []
    this.#readUpTo = after
    for (let index = 0; index < threes.length; index += 3) {
      const [key = '', number = '', revokedAt] = threes.slice(index, index + 3)
      found.push([key, Number(revokedAt)])
      this.#readUpTo = number
      this.#local.learn(key, Number(revokedAt))
    }
    return { generation, found }
  }

  async #tell(revoked: readonly Revoked[]): Promise<{ generation: string; refused: number }> {
    const { scripts, rememberMs, maxRevocations } = this.#options
    const args = [rememberMs, maxRevocations, randomUUID(), ...revoked.flat()]
    const [generation, refused] = (await scripts.run(TELL, KEYS, args)) as [string, number]
    return { generation, refused }
  }
}

function* pagesOf(revoked: readonly Revoked[]): Generator<readonly Revoked[]> {
  for (let index = 0; index < revoked.length; index += PAGE) {
    yield revoked.slice(index, index + PAGE)
  }
}
