// Tokens of every kind, good and bad, written down by hand: a library that mints them would refuse
// to make most of the bad ones.

import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { Authenticate } from '../../../server/security/authenticate.js'
import type { JwtRules } from '../../../server/security/jwt.js'
import { SyncError } from '../../../shared/errors.js'
import { type Principal, principalSchema } from '../../../shared/principal.js'

export const NOW_MS = 1_763_650_000_000
export const SECRET = 'a secret of these tests, long enough for any'

/** So many seconds from now, as a claim says it. */
export const inSeconds = (seconds: number): number => NOW_MS / 1000 + seconds

export const rulesOf = (changes: Partial<JwtRules> = {}): JwtRules => ({
  issuer: undefined,
  audiences: [],
  rolesClaim: 'roles',
  topicsClaim: 'topics',
  adminRole: 'admin',
  serviceRole: 'service',
  maxLifetimeMs: 86_400_000,
  onFault: () => {},
  wallNow: () => NOW_MS,
  ...changes,
})

/** The claims of a good token; one that is `undefined` is left out. */
export const claimsOf = (changes: object = {}): object => ({
  sub: 'ann',
  iat: inSeconds(0),
  exp: inSeconds(3600),
  ...changes,
})

const encoded = (part: unknown): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')

/** Header and claims as a token's first two parts; a text is taken as it stands. */
export const unsigned = (header: unknown, claims: unknown): string =>
  `${encoded(header)}.${encoded(claims)}`

/** `header` is added to that of a good token. */
export function mint(
  claims: unknown = claimsOf(),
  { header = {}, secret = SECRET as string | Buffer, hash = 'sha256' } = {},
): string {
  const text = unsigned({ alg: 'HS256', ...header }, claims)
  return `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`
}

export interface KeyPair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

export const ecKeys = (): KeyPair => generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** As `mint`, signed by a private key; `alg` is what the header says, and not what is done. */
export function mintBy(
  { privateKey }: KeyPair,
  header: object,
  claims: unknown = claimsOf(),
  hash: string | null = 'sha256',
): string {
  const text = unsigned(header, claims)
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' as const }
  return `${text}.${sign(hash, Buffer.from(text), key).toString('base64url')}`
}

/** A public key as a key set has it. */
export const jwkOf = ({ publicKey }: KeyPair, facts: object = {}): Record<string, unknown> => ({
  ...publicKey.export({ format: 'jwk' }),
  ...facts,
})

/** Who a token is believed to be, with all that a server makes of it. */
export async function believed(
  authenticate: Authenticate,
  token: string | undefined,
): Promise<Principal> {
  return principalSchema.parse(await asked(authenticate, token))
}

/** Why a token is not believed. Throws where it is, or where anything but a `SyncError` comes. */
export async function refused(
  authenticate: Authenticate,
  token: string | undefined,
): Promise<SyncError> {
  const answer = await asked(authenticate, token).catch((error: unknown) => error)
  if (answer instanceof SyncError) return answer
  throw new Error(`not refused but: ${answer instanceof Error ? answer.stack : answer}`)
}

async function asked(authenticate: Authenticate, token: string | undefined): Promise<unknown> {
  return authenticate({ token, headers: {}, remoteAddress: undefined })
}
