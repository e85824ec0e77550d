// Tokens as an identity provider signs them (HS256), one for each user: what the peers that ask who is
// there have to verify.

import { createHmac } from 'node:crypto'

/** Known to the servers under measurement and to their clients. */
export const SECRET = 'a-secret-that-only-the-bench-knows-0123456789'

const HEADER = encoded({ alg: 'HS256', typ: 'JWT' })
const LIFE_SECONDS = 3600

/** `topics`: what it may subscribe to. */
export function tokenFor(userId: string, topics: readonly string[] = []): string {
  const iat = Math.floor(Date.now() / 1000)
  const claims = { sub: userId, iat, exp: iat + LIFE_SECONDS, topics }
  const signed = `${HEADER}.${encoded(claims)}`
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
