// Counts requests that write, per principal, before their bodies are read.

import type { Request, RequestHandler } from 'express'
import { rateLimit } from 'express-rate-limit'
import { type Principal, principalKey } from '../../shared/principal.js'
import type { RateLimits } from '../security/RateLimits.js'

/** What else a store has to be able to do. */
const NEVER_TAKEN_BACK = { localKeys: true, decrement() {}, resetKey() {} }

export function createWriteLimit(
  rateLimits: RateLimits,
  principalOf: (req: Request) => Principal,
): RequestHandler {
  const limitOf = (req: Request) => rateLimits.writeLimitOf(principalOf(req))
  const increment = async (key: string) => {
    const { used, endsAt } = await rateLimits.writes.count(key)
    return { totalHits: used, resetTime: new Date(endsAt) }
  }
  return rateLimit({
    windowMs: rateLimits.windowMs,
    limit: limitOf,
    skip: (req) => limitOf(req) === 0,
    keyGenerator: (req) => principalKey(principalOf(req)),
    store: { ...NEVER_TAKEN_BACK, increment },
    identifier: 'publishing',
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    // It would look for mistakes with addresses and proxies, which have no part in this.
    validate: false,
    handler: (req, _res, next) =>
      next(rateLimits.writes.overdrawn(principalKey(principalOf(req)), limitOf(req))),
  })
}
