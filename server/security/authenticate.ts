// Who a credential stands for. Everything else in the server sees principals, never tokens.

import type { IncomingHttpHeaders } from 'node:http'
import { CLOSE } from '../../shared/closeCodes.js'
import { SyncError } from '../../shared/errors.js'
import { MAX_ROLES } from '../../shared/message.js'
import { isName } from '../../shared/names.js'
import { type Principal, type PrincipalInput, principalSchema } from '../../shared/principal.js'
import type { AddressOf, Asker } from './addresses.js'
import type { Credential } from './credentials.js'
import type { FindService } from './serviceTokens.js'
import type { Tickets } from './Tickets.js'
import type { Validity } from './Validity.js'

/** What an `authenticate` function is given. */
export interface AuthenticationRequest {
  /** The bearer token, from the `Authorization` header or a WebSocket's first frame. */
  readonly token: string | undefined
  /** The headers of the HTTP request or of the WebSocket's handshake. */
  readonly headers: IncomingHttpHeaders
  /** Where the client is: behind proxies that are trusted (`trustProxy`), what they say. */
  readonly remoteAddress: string | undefined
}

/**
 * Turns a request into a principal, or `null` (or `undefined`) where its credential is missing or
 * wrong (401). It may throw; the caller is then told `internal` and nothing else.
 */
export type Authenticate = (
  request: AuthenticationRequest,
) => PrincipalInput | null | undefined | Promise<PrincipalInput | null | undefined>

/** A request must not wait for good where the keys of an identity provider can't be had. */
const AUTHENTICATE_WITHIN_MS = 10_000

/**
 * Who a request acts for, whichever door it came to. Rejects with `unauthorized`, `rate_limited` or
 * `unavailable`.
 */
export type Identify = (credential: Credential, asker: Asker) => Promise<Principal>

interface IdentifyOptions {
  readonly authenticate: Authenticate
  readonly findService: FindService
  readonly tickets: Pick<Tickets, 'take'>
  readonly validity: Pick<Validity, 'assertCurrent'>
  readonly addressOf: AddressOf
  /** Counts a failed attempt of this address. Rejects with `rate_limited`. */
  readonly failed: (address: string) => Promise<void>
}

/** Finds the principal of a credential: of a ticket, of a service's secret, of a token. */
export function createIdentify(options: IdentifyOptions): Identify {
  const { findService, tickets, validity, addressOf, failed } = options

  function find(
    credential: Credential,
    headers: IncomingHttpHeaders,
    remoteAddress: string,
  ): Principal | Promise<Principal> {
    if (credential.kind === 'ticket') return tickets.take(credential.ticket)
    const token = credential.kind === 'token' ? credential.token : undefined
    const service = token === undefined ? undefined : findService(token)
    return service ?? authenticated(options.authenticate, { token, headers, remoteAddress })
  }

  return async (credential, asker) => {
    // Before the check: who hangs up meanwhile has no address any more, and pays all the same.
    const address = addressOf(asker)
    try {
      const principal = await find(credential, asker.headers, address)
      validity.assertCurrent(principal)
      return principal
    } catch (error) {
      // Only who fails pays: a valid token is good beside any number of wrong ones.
      if (isGuess(credential, error)) await failed(address)
      throw error
    }
  }
}

/**
 * A token that has expired or was revoked is none: its bearer has to hear that a fresh one is
 * needed, however much others at the same address have failed.
 */
function isGuess(credential: Credential, error: unknown): boolean {
  if (!(error instanceof SyncError) || error.code !== 'unauthorized') return false
  return credential.kind === 'ticket' || error.close !== CLOSE.staleToken
}

/** Calls `authenticate` so that what it returns can be relied on. */
function authenticated(
  authenticate: Authenticate,
  request: AuthenticationRequest,
): Principal | Promise<Principal> {
  const answer = authenticate(request)
  if (!isPromise(answer)) return principalOf(answer, request)
  return within(AUTHENTICATE_WITHIN_MS, answer).then((found) => principalOf(found, request))
}

type Found = Awaited<ReturnType<Authenticate>>

function isPromise(answer: ReturnType<Authenticate>): answer is Promise<Found> {
  return typeof answer === 'object' && answer !== null && 'then' in answer
}

function principalOf(found: Found, { token }: AuthenticationRequest): Principal {
  if (found === null || found === undefined) {
    throw new SyncError(
      'unauthorized',
      token === undefined
        ? 'a token is needed: "Authorization: Bearer <token>"'
        : 'the token is not valid',
    )
  }
  const principal = principalSchema.safeParse(found)
  if (principal.success) return principal.data
  throw new TypeError(
    `authenticate must return null or { userId, roles?, topics? }: ${principal.error.message}`,
  )
}

async function within<Value>(ms: number, act: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new SyncError('unavailable', 'the token could not be checked in time; try again'))
    }, ms)
  })
  return Promise.race([act, late]).finally(() => clearTimeout(timer))
}

/**
 * Open mode, for a developer's own machine: believes `dev:<userId>` and
 * `dev:<userId>:<role>,<role>`; without a token the caller is `anonymous` with the role `admin`.
 */
export const openMode: Authenticate = ({ token }) => {
  const topics = { subscribe: ['*'], publish: [] }
  if (token === undefined) return { userId: 'anonymous', roles: ['admin'], topics }
  const [scheme, userId = '', roleList, ...rest] = token.split(':')
  const roles = roleList === undefined ? [] : roleList.split(',')
  const isWellFormed =
    scheme === 'dev' &&
    rest.length === 0 &&
    roles.length <= MAX_ROLES &&
    [userId, ...roles].every(isName)
  if (isWellFormed) return { userId, roles, topics }
  throw new SyncError(
    'unauthorized',
    'the token is not valid: open mode takes dev:<userId> or dev:<userId>:<role>,<role>',
  )
}
