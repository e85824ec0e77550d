// Counts requests that write, per principal, before their bodies are read, and says in the answer's
// headers what is left.

import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Request, Response } from 'express'
import { rateLimit } from 'express-rate-limit'
import { type Principal, principalKey } from '../../shared/principal.js'
import type { RateLimits } from '../security/RateLimits.js'
import { remembering } from '../security/remembering.js'
import { say, sayToo } from '../transports/head.js'
import type { Limit } from './serve.js'

/** What else a store has to be able to do. */
const NEVER_TAKEN_BACK = { localKeys: true, decrement() {}, resetKey() {} }

/** How many callers' names in the header `RateLimit-Policy` are remembered. */
const MAX_PARTITIONS = 10_000

/** By express-rate-limit, which does far more than count: for what isn't asked for all the time. */
export function createWriteLimit(rateLimits: RateLimits): Limit {
  /** All that it asks of a request and of an answer. */
  interface Asked {
    readonly principal: Principal
  }
  const principalOf = (req: Request): Principal => (req as unknown as Asked).principal
  const limitOf = (req: Request) => rateLimits.writeLimitOf(principalOf(req))
  const increment = async (key: string) => {
    const { used, endsAt } = await rateLimits.writes.count(key)
    return { totalHits: used, resetTime: new Date(endsAt) }
  }
  const middleware = rateLimit({
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
  return (principal, res) =>
    new Promise((resolve, reject) => {
      const asked: Asked = { principal }
      const answer = {
        get headersSent() {
          return res.headersSent
        },
        append: (name: string, value: string) => sayToo(res, name, value),
        setHeader: (name: string, value: string) => say(res, name, value),
      }
      const next = (error?: unknown) => (error === undefined ? resolve() : reject(error as Error))
      middleware(asked as unknown as Request, answer as unknown as Response, next)
    })
}

/** The same, to the letter of its headers, at the price of counting: for what is. */
export function createHotWriteLimit(rateLimits: RateLimits): Limit {
  const partitionOf = remembering(MAX_PARTITIONS, partition)
  const window = Math.ceil(rateLimits.windowMs / 1000)
  return async (principal, res) => {
    const limit = rateLimits.writeLimitOf(principal)
    if (limit === 0) return
    const key = principalKey(principal)
    const { used } = await rateLimits.writes.count(key)
    if (!res.headersSent) {
      sayToo(res, 'RateLimit', rateLimits.writes.left(key, limit))
      const policy = `"publishing"; q=${limit}; w=${window}; pk=:${partitionOf(key)}:`
      sayToo(res, 'RateLimit-Policy', policy)
    }
    if (used > limit) throw rateLimits.writes.overdrawn(key, limit)
  }
}

/** Says with an answer what is left of its publisher's budget; the request alone was counted. */
export function tellLeft(rateLimits: RateLimits, principal: Principal, res: ServerResponse): void {
  const limit = rateLimits.writeLimitOf(principal)
  if (limit === 0) return
  say(res, 'RateLimit', rateLimits.writes.left(principalKey(principal), limit))
}

/** Tells callers apart and names none, as express-rate-limit does it. */
function partition(key: string): string {
  const name = createHash('sha256').update(key).digest('hex').slice(0, 12)
  return Buffer.from(name).toString('base64')
}
