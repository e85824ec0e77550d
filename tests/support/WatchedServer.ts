// A server that verifies tokens, and those who watch it while it is attacked: at its end it has to
// be the process that it was, in the memory that it had, to have served its canaries without a gap,
// and to have given away none of the secrets that it was shown.

import { basename } from 'node:path'
import { expect } from '@jest/globals'
import { Api } from './Api.js'
import { Canaries } from './Canaries.js'
import { expectServed } from './canary.js'
import { expectCleanLog } from './expectCleanLog.js'
import { type Claims, Secrets } from './Secrets.js'
import { type ServerProcess, startServerProcess } from './serverProcess.js'
import { type Vitals, vitalsOf } from './vitals.js'
import { Wiretap } from './Wiretap.js'
import { waitFor } from './waitFor.js'

const MIB = 1 << 20
const MOST_GROWTH = 64 * MIB
const SETTLES_WITHIN_MS = 15_000
/** A gross multiple of what is normal: a shared machine may be busy. */
const MOST_DELAY_MS = 5000

/** What a server has to have done before its memory says anything of what comes after. */
const WARM_UP = { sends: 200, bytes: 50_000 }

interface Watchers {
  readonly secrets: Secrets
  readonly process: ServerProcess
  readonly wiretap: Wiretap
  readonly canaries: Canaries
  readonly before: Vitals
}

export class WatchedServer {
  readonly secrets: Secrets
  readonly #watchers: Watchers
  /** Reading it begins it anew. */
  #maxDelayMs = 0
  #checks = 0

  private constructor(watchers: Watchers) {
    this.secrets = watchers.secrets
    this.#watchers = watchers
  }

  static async start(env: Record<string, string> = {}): Promise<WatchedServer> {
    const secrets = new Secrets()
    const wiretap = new Wiretap()
    const process = await startServerProcess({
      AUTH_JWT_SECRET: secrets.signingSecret,
      LOG_LEVEL: 'debug',
      // What the attackers publish is theirs to keep for a while, and no sign of a leak.
      MAX_LOG_BYTES: String(16 * MIB),
      ...env,
    })
    try {
      const canaries = await Canaries.start(process.url, secrets.mint('canaries'))
      await warmUp(new Api(process.url, secrets.mint('first')))
      const before = await vitalsOf(process.url)
      return new WatchedServer({ secrets, process, wiretap, canaries, before })
    } catch (error) {
      wiretap.stop()
      await process.kill()
      throw error
    }
  }

  get url(): string {
    return this.#watchers.process.url
  }

  /** All that it printed so far. */
  output(): string {
    return this.#watchers.process.output()
  }

  /** A token that it believes. */
  token(userId: string, claims: Claims = {}): string {
    return this.secrets.mint(userId, claims)
  }

  /** The API as this user. */
  api(userId: string, claims: Claims = {}): Api {
    return new Api(this.url, this.token(userId, claims))
  }

  /** A ticket for this user. */
  async ticket(userId: string): Promise<string> {
    const { body } = await this.api(userId).request('POST', '/api/sync/ticket')
    return this.secrets.noteTicket(body.ticket)
  }

  async memoryBytes(): Promise<number> {
    return (await this.#vitals()).memoryBytes
  }

  /** After each attack: it lives, has met no fault, and serves somebody new on every transport. */
  async expectUnharmed(): Promise<void> {
    expect(this.#watchers.process.child.exitCode).toBeNull()
    this.#checks += 1
    await expectServed(this.url, this.token(`fresh-${this.#checks}`))
    expectCleanLog(this.output())
  }

  /** After all attacks; ends it. */
  async end(): Promise<void> {
    const { canaries, before, wiretap, process } = this.#watchers
    try {
      const delays = await canaries.stop()
      const { startedAt, p99DelayMs } = await this.#vitals()
      const growth = await this.#settledGrowth()
      this.#report(growth, p99DelayMs, delays)
      expect(startedAt).toBe(before.startedAt)
      expect(growth).toBeLessThan(MOST_GROWTH)
      expect(Math.max(this.#maxDelayMs, ...Object.values(delays))).toBeLessThan(MOST_DELAY_MS)
      expectCleanLog(this.output())
      expect(this.secrets.leakedBy(this.output(), wiretap.received)).toEqual([])
    } finally {
      wiretap.stop()
      await process.kill()
    }
  }

  async #vitals(): Promise<Vitals> {
    const vitals = await vitalsOf(this.url)
    this.#maxDelayMs = Math.max(this.#maxDelayMs, vitals.maxDelayMs)
    return vitals
  }

  /** Garbage is collected when the heap thinks it worth while. */
  async #settledGrowth(): Promise<number> {
    let growth = 0
    const isSettled = async () => {
      growth = (await this.memoryBytes()) - this.#watchers.before.memoryBytes
      return growth < MOST_GROWTH
    }
    await waitFor('its memory to settle', isSettled, SETTLES_WITHIN_MS).catch(() => {})
    return growth
  }

  #report(growth: number, p99DelayMs: number, delays: object): void {
    const file = basename(expect.getState().testPath ?? '', '.test.ts')
    const served = Object.entries(delays).map(([transport, ms]) => `${transport} ${ms}`)
    process.stderr.write(
      `${file}: memory ${(growth / MIB).toFixed(1)} MiB more; event loop late by ` +
        `${p99DelayMs.toFixed(0)} ms (p99), ${this.#maxDelayMs.toFixed(0)} ms at most; ` +
        `${this.#watchers.canaries.sent} canary messages, p99 in ms: ${served.join(', ')}; ` +
        `${this.secrets.count} secrets kept\n`,
    )
  }
}

async function warmUp(api: Api): Promise<void> {
  const payload = 'x'.repeat(WARM_UP.bytes)
  for (let sent = 0; sent < WARM_UP.sends; sent += 1) await api.send({ type: 'warm', payload })
  await api.poll({ limit: 1000 })
}
