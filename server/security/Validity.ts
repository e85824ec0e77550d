// Whether a principal still counts: its token may expire, or be revoked, while it is connected.
// Revocations are remembered until every token that they mean has expired by itself.

import { CLOSE } from '../../shared/closeCodes.js'
import { SyncError } from '../../shared/errors.js'
import type { Principal, Revocation } from '../../shared/principal.js'
import { digestOf } from './digest.js'

export interface Validity {
  /**
   * Counts here before this returns; resolves when it counts on all nodes, within 2 s. Rejects with
   * `unavailable` at the bound, since forgetting another one would let its tokens in again, and
   * where the other nodes could not be told.
   */
  revoke(revocation: Revocation): Promise<void>
  /** As far as this node knows; asked of every connection, every second. */
  isCurrent(principal: Principal): boolean
  /**
   * Throws `unauthorized`, which on a socket asks for a fresh token, and `unavailable` where this
   * node can't know yet.
   */
  assertCurrent(principal: Principal): void
  /** Resolves when what was revoked before is known, or can't be had for now. */
  start(): Promise<void>
  stop(): void
}

export interface ValidityOptions {
  /** Unix milliseconds. */
  readonly wallNow: () => number
  /** How long a revocation is remembered: as long as a token may live. */
  readonly rememberMs: number
  readonly maxRevocations: number
}

/** The credential was good once: another one may be. */
export function staleToken(
  message = 'the token has expired or was revoked; get a fresh one',
): SyncError {
  return new SyncError('unauthorized', message, { close: CLOSE.staleToken })
}

export function tooManyRevocations(): SyncError {
  return new SyncError('unavailable', 'too many revocations are remembered; try again later', {
    retryAfterSeconds: 60,
  })
}

/** What a revocation is remembered by. */
export const revocationKey = (revocation: Revocation): string =>
  'userId' in revocation ? userKey(revocation.userId) : tokenKey(revocation.jti)

export const userKey = (userId: string): string => `user\n${userId}`
/** A token's name may be long, and says which token it is. */
export const tokenKey = (jti: string): string => `token\n${digestOf(jti)}`
