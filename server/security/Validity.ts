// Whether a principal still counts: its token may expire, or be revoked, while it is connected.
// Revocations are remembered until every token that they mean has expired by itself.

import { CLOSE } from '../../shared/closeCodes.js'
import { SyncError } from '../../shared/errors.js'
import type { Principal, Revocation } from '../../shared/principal.js'

interface ValidityOptions {
  /** Unix milliseconds. */
  readonly wallNow: () => number
  /** How long a revocation is remembered: as long as a token may live. */
  readonly rememberMs: number
  readonly maxRevocations: number
}

export class Validity {
  readonly #options: ValidityOptions
  /** When each user or token was revoked, the oldest first. */
  readonly #revokedAt = new Map<string, number>()

  constructor(options: ValidityOptions) {
    this.#options = options
  }

  /** Throws `unavailable` at the bound: forgetting another one would let its tokens in again. */
  revoke(revocation: Revocation): void {
    const now = this.#options.wallNow()
    this.#forgetBefore(now - this.#options.rememberMs)
    const key = 'userId' in revocation ? userKey(revocation.userId) : tokenKey(revocation.jti)
    this.#revokedAt.delete(key)
    if (this.#revokedAt.size >= this.#options.maxRevocations) {
      throw new SyncError('unavailable', 'too many revocations are remembered; try again later', {
        retryAfterSeconds: 60,
      })
    }
    this.#revokedAt.set(key, now)
  }

  isCurrent({ userId, tokenId, issuedAt = 0, expiresAt }: Principal): boolean {
    if (expiresAt !== undefined && expiresAt <= this.#options.wallNow()) return false
    // Asked of every connection, every second.
    if (this.#revokedAt.size === 0) return true
    if (tokenId !== undefined && this.#revokedAt.has(tokenKey(tokenId))) return false
    const revokedAt = this.#revokedAt.get(userKey(userId))
    return revokedAt === undefined || issuedAt > revokedAt
  }

  /** Throws `unauthorized`, which on a socket asks for a fresh token. */
  assertCurrent(principal: Principal): void {
    if (!this.isCurrent(principal)) throw staleToken()
  }

  #forgetBefore(limit: number): void {
    for (const [key, revokedAt] of this.#revokedAt) {
      if (revokedAt >= limit) return
      this.#revokedAt.delete(key)
    }
  }
}

/** The credential was good once: another one may be. */
export function staleToken(
  message = 'the token has expired or was revoked; get a fresh one',
): SyncError {
  return new SyncError('unauthorized', message, { close: CLOSE.staleToken })
}

const userKey = (userId: string): string => `user\n${userId}`
const tokenKey = (tokenId: string): string => `token\n${tokenId}`
