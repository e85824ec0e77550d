// What was revoked, in this process's memory.

import type { Principal, Revocation } from '../../shared/principal.js'
import {
  revocationKey,
  staleToken,
  tokenKey,
  tooManyRevocations,
  userKey,
  type Validity,
  type ValidityOptions,
} from './Validity.js'

export class LocalValidity implements Validity {
  readonly #options: ValidityOptions
  /** When each user or token was revoked, the oldest first. */
  readonly #revokedAt = new Map<string, number>()
  /** Asked for again and again. */
  readonly #tokenKeys = new WeakMap<Principal, string>()

  constructor(options: ValidityOptions) {
    this.#options = options
  }

  /** All that is remembered: the keys, and when they were revoked in Unix milliseconds. */
  get revocations(): ReadonlyMap<string, number> {
    return this.#revokedAt
  }

  async start(): Promise<void> {}

  stop(): void {}

  async revoke(revocation: Revocation): Promise<void> {
    const now = this.#options.wallNow()
    this.#forgetBefore(now - this.#options.rememberMs)
    const key = revocationKey(revocation)
    const isKnown = this.#revokedAt.has(key)
    const isFull = this.#revokedAt.size >= this.#options.maxRevocations
    if (isFull && !isKnown) throw tooManyRevocations()
    this.learn(key, now)
  }

  /** Takes over what was revoked elsewhere. Nothing is taken back where a clock was behind. */
  learn(key: string, revokedAt: number): void {
    if (revokedAt <= (this.#revokedAt.get(key) ?? -Infinity)) return
    this.#revokedAt.delete(key)
    this.#revokedAt.set(key, revokedAt)
  }

  isCurrent(principal: Principal): boolean {
    const { userId, issuedAt = 0, expiresAt } = principal
    if (expiresAt !== undefined && expiresAt <= this.#options.wallNow()) return false
    if (this.#revokedAt.size === 0) return true
    if (this.#isTokenRevoked(principal)) return false
    const revokedAt = this.#revokedAt.get(userKey(userId))
    return revokedAt === undefined || issuedAt > revokedAt
  }

  assertCurrent(principal: Principal): void {
    if (!this.isCurrent(principal)) throw staleToken()
  }

  #isTokenRevoked(principal: Principal): boolean {
    if (principal.tokenId === undefined) return false
    const key = this.#tokenKeys.get(principal) ?? tokenKey(principal.tokenId)
    this.#tokenKeys.set(principal, key)
    return this.#revokedAt.has(key)
  }

  #forgetBefore(limit: number): void {
    for (const [key, revokedAt] of this.#revokedAt) {
      if (revokedAt >= limit) return
      this.#revokedAt.delete(key)
    }
  }
}
