// What stands before every handler of the API: who asks, and whether they have asked too often.

import type { Request, RequestHandler, Response } from 'express'
import { SyncError } from '../../shared/errors.js'
import { type Principal, principalKey } from '../../shared/principal.js'
import type { Identify } from '../security/authenticate.js'
import { credentialOf } from '../security/credentials.js'
import type { Gate } from '../security/Gate.js'
import type { RateLimits } from '../security/RateLimits.js'
import { queryOf } from '../transports/query.js'
import { createWriteLimit } from './writeLimit.js'

export interface GuardContext {
  readonly identify: Identify
  readonly rateLimits: RateLimits
  readonly gate: Gate
}

export type Handler = (principal: Principal, req: Request, res: Response) => void | Promise<void>

interface Guards {
  /** Comes first. Throws `unauthorized`, `rate_limited`, or `unavailable` where the server has stopped. */
  identified(rule: { readonly takesTicket: boolean }): RequestHandler
  /** Each charges one request to whoever asks; throws `rate_limited`. */
  readonly readLimit: RequestHandler
  readonly writeLimit: RequestHandler
  /** Says with an answer what is left of its publisher's budget; the request alone was counted. */
  tellLeft(principal: Principal, res: Response): void
  /** Runs a handler for whoever asks. */
  as(handler: Handler): RequestHandler
}

export function createGuards({ identify, rateLimits, gate }: GuardContext): Guards {
  const principals = new WeakMap<Request, Principal>()
  const principalOf = (req: Request) => {
    const principal = principals.get(req)
    if (principal !== undefined) return principal
    throw new Error('a route has to find out who asks before anything else')
  }
  return {
    identified:
      ({ takesTicket }) =>
      async (req, res, next) => {
        gate.assertReadable()
        if (gate.isDraining) res.setHeader('Connection', 'close')
        const credential = credentialOf(req, queryOf(req))
        if (credential.kind === 'ticket' && !takesTicket) throw misplacedTicket()
        principals.set(req, await identify(credential, req))
        if (!hasLeft(res)) next()
      },
    readLimit(req, _res, next) {
      rateLimits.chargeRead(principalOf(req))
      next()
    },
    writeLimit: createWriteLimit(rateLimits, principalOf),
    tellLeft(principal, res) {
      const limit = rateLimits.writeLimitOf(principal)
      if (limit === 0) return
      res.setHeader('RateLimit', rateLimits.writes.left(principalKey(principal), limit))
    },
    // What is counted elsewhere takes its time.
    as: (handler) => (req, res) => (hasLeft(res) ? undefined : handler(principalOf(req), req, res)),
  }
}

/** Who left before a handler has begun would never be noticed to leave again. */
const hasLeft = (res: Response): boolean => res.closed || res.destroyed

function misplacedTicket(): SyncError {
  return new SyncError('unauthorized', 'ticket: opens /stream and /ws, and nothing else')
}
