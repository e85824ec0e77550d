// Who a JSON Web Token stands for. What may sign it, and how, is configured: nothing in the token
// has a say in that (RFC 8725, "JSON Web Token Best Current Practices").

import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { z } from 'zod'
import { SyncError } from '../../shared/errors.js'
import { type PrincipalInput, principalSchema } from '../../shared/principal.js'
import type { Authenticate } from './authenticate.js'
import { staleToken } from './Validity.js'

/** How far the issuer's clock may be ahead of ours. */
export const CLOCK_TOLERANCE_SECONDS = 5

const SYMMETRIC = ['HS256']
const ASYMMETRIC = ['RS256', 'ES256', 'EdDSA', 'Ed25519']

export interface JwtRules {
  /** `iss` has to be this one, where it is set. */
  readonly issuer: string | undefined
  /** `aud` has to hold one of these, where there are any. */
  readonly audiences: readonly string[]
  readonly rolesClaim: string
  readonly topicsClaim: string
  readonly adminRole: string
  readonly serviceRole: string
  /** From issue to expiry. */
  readonly maxLifetimeMs: number
  /** Unix milliseconds. */
  readonly wallNow: () => number
  /** Told of what no token can cause: keys of the provider's that can't be used. */
  readonly onFault: (error: unknown) => void
}

/** Tokens signed with a shared secret (HS256). */
export function createSecretAuthenticate(secret: string, rules: JwtRules): Authenticate {
  const key = new TextEncoder().encode(secret)
  return createAuthenticate(async () => key, SYMMETRIC, rules)
}

/** Tokens signed by an identity provider (RS256, ES256, EdDSA). */
export function createKeySetAuthenticate(findKey: JWTVerifyGetKey, rules: JwtRules): Authenticate {
  return createAuthenticate(findKey, ASYMMETRIC, rules)
}

function createAuthenticate(
  findKey: JWTVerifyGetKey,
  algorithms: string[],
  rules: JwtRules,
): Authenticate {
  const { issuer, audiences, wallNow, onFault } = rules
  return async ({ token }) => {
    if (token === undefined) return null
    try {
      const { payload } = await jwtVerify(token, findKey, {
        algorithms,
        requiredClaims: ['exp', 'sub'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(wallNow()),
        ...(issuer !== undefined && { issuer }),
        ...(audiences.length > 0 && { audience: [...audiences] }),
      })
      return principalOf(payload, rules)
    } catch (error) {
      // Neither the token's fault nor a refusal: an operator has to know of it.
      if (!(error instanceof errors.JOSEError || error instanceof SyncError)) onFault(error)
      throw refusalOf(error)
    }
  }
}

/** Says what is wrong with a token, to whoever shows it. Whatever is odd about one, it is the token. */
function refusalOf(error: unknown): SyncError {
  if (error instanceof errors.JWTExpired) return staleToken()
  if (error instanceof errors.JWTClaimValidationFailed) {
    return invalidToken(`its claim "${error.claim}" is missing or wrong`)
  }
  if (error instanceof SyncError) return error
  return invalidToken('it is not signed for this server')
}

function principalOf(payload: JWTPayload, rules: JwtRules): PrincipalInput {
  const { sub, exp = 0, iat, jti } = payload
  const { maxLifetimeMs, wallNow, adminRole, serviceRole } = rules
  const lifetimeMs = exp * 1000 - (iat === undefined ? wallNow() : iat * 1000)
  if (lifetimeMs > maxLifetimeMs) {
    throw invalidToken(`it lives longer than ${maxLifetimeMs / 1000} s (AUTH_MAX_TOKEN_AGE)`)
  }
  if (iat !== undefined && iat * 1000 > wallNow() + CLOCK_TOLERANCE_SECONDS * 1000) {
    throw invalidToken('its claim "iat" lies in the future')
  }
  const roles = rolesOf(claim(payload, rules.rolesClaim), rules.rolesClaim)
  const isAdmin = roles.includes(adminRole)
  const principal = principalSchema.safeParse({
    userId: sub,
    roles,
    topics: topicsOf(claim(payload, rules.topicsClaim), rules.topicsClaim),
    isAdmin,
    isService: !isAdmin && roles.includes(serviceRole),
    expiresAt: exp * 1000,
    issuedAt: iat === undefined ? undefined : iat * 1000,
    tokenId: typeof jti === 'string' ? jti : undefined,
  })
  if (principal.success) return principal.data
  const { path, message } = principal.error.issues[0] ?? { path: [], message: 'is not valid' }
  const claims: Record<string, string> = { roles: rules.rolesClaim, topics: rules.topicsClaim }
  throw invalidToken(`its claim "${claims[String(path[0])] ?? 'sub'}" ${message}`)
}

function rolesOf(value: unknown, name: string): string[] {
  if (value === undefined || value === null) return []
  const roles = z.array(z.string()).safeParse(value)
  if (roles.success) return roles.data
  throw invalidToken(`its claim "${name}" must be a list of strings`)
}

const listSchema = z.array(z.string())
const grantsSchema = z.strictObject({
  subscribe: listSchema.default([]),
  publish: listSchema.default([]),
})

/** A plain list means topics to subscribe to. */
function topicsOf(value: unknown, name: string): z.output<typeof grantsSchema> {
  if (value === undefined || value === null) return { subscribe: [], publish: [] }
  const list = listSchema.safeParse(value)
  if (list.success) return { subscribe: list.data, publish: [] }
  const grants = grantsSchema.safeParse(value)
  if (grants.success) return grants.data
  throw invalidToken(`its claim "${name}" must be a list, or { subscribe: [], publish: [] }`)
}

/** A claim by its name, or by a path with dots; a name that has dots itself goes first. */
function claim(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name]
  return name.split('.').reduce<unknown>(own, payload)
}

function own(value: unknown, key: string): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
}

function invalidToken(why: string): SyncError {
  return new SyncError('unauthorized', `the token is not valid: ${why}`)
}
