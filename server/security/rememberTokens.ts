// Saves checking one signature again and again: whoever polls shows the same token each time.

import { OldestFirst } from '../../shared/OldestFirst.js'
import type { PrincipalInput } from '../../shared/principal.js'
import type { Authenticate } from './authenticate.js'
import { digestOf } from './digest.js'

const REMEMBERED_MS = 60_000
const MAX_TOKENS = 5000
/** Longer ones, with all that they grant, would take memory: they are checked each time. */
const MAX_TOKEN_LENGTH = 2048

interface Good {
  readonly principal: PrincipalInput
  /** When its check began. */
  readonly checkedAt: number
}

interface RememberOptions {
  /** Milliseconds that never jump. */
  readonly monotonicNow: () => number
  /** When the keys that sign tokens came: what was checked before that is checked anew. */
  readonly keysSince?: () => number
}

/**
 * Remembers for a minute whom a good token stands for, for up to 5,000 tokens. For what depends on
 * the token and the keys alone: expiry and revocation are asked of the principal, each time. Nothing
 * is remembered of a token that was refused.
 */
export function rememberTokens(
  authenticate: Authenticate,
  { monotonicNow, keysSince = () => -Infinity }: RememberOptions,
): Authenticate {
  const known = new OldestFirst<Good>()

  async function check(key: string, request: Parameters<Authenticate>[0]) {
    const checkedAt = monotonicNow()
    const principal = await authenticate(request)
    if (!principal) return principal
    known.delete(key)
    known.set(key, { principal, checkedAt })
    if (known.size > MAX_TOKENS && known.oldest !== undefined) known.delete(known.oldest[0])
    return principal
  }

  return (request) => {
    const { token } = request
    if (token === undefined || token.length > MAX_TOKEN_LENGTH) return authenticate(request)
    const key = digestOf(token)
    const good = known.get(key)
    const isGood =
      good !== undefined &&
      monotonicNow() - good.checkedAt < REMEMBERED_MS &&
      good.checkedAt >= keysSince()
    return isGood ? good.principal : check(key, request)
  }
}
