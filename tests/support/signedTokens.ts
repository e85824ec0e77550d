// Tokens as an identity provider signs them with the secret that it shares with the server.

import { SignJWT } from 'jose'

export const SECRET = 'a secret that is only good for tests: 0123456789'
const KEY = new TextEncoder().encode(SECRET)

interface Claims {
  readonly sub?: string
  readonly roles?: readonly string[]
  readonly topics?: unknown
  readonly jti?: string
  readonly [claim: string]: unknown
}

interface Life {
  /** When it is issued, in Unix milliseconds. Default: now. */
  readonly nowMs?: number
  readonly ttlMs?: number
}

export const HOUR_MS = 3_600_000

/** A token's claims with `iat` and `exp` in whole seconds, as nearly all issuers have them. */
export function claimsOf(claims: Claims, { nowMs = Date.now(), ttlMs = HOUR_MS }: Life = {}) {
  const iat = Math.floor(nowMs / 1000)
  return { iat, exp: Math.floor((nowMs + ttlMs) / 1000), ...claims }
}

/** A token of `AUTH_JWT_SECRET`. */
export function signed(claims: Claims, life: Life = {}): Promise<string> {
  return new SignJWT(claimsOf(claims, life)).setProtectedHeader({ alg: 'HS256' }).sign(KEY)
}
