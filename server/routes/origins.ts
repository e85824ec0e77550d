// Which pages may read answers, said by each answer in the headers that `cors` makes.

import type { IncomingMessage, ServerResponse } from 'node:http'
import cors from 'cors'
import type { Request, Response } from 'express'
import { sayAll, setHead } from '../transports/head.js'
import { recordHeaders } from './recordHeaders.js'

/** Sets the headers of an answer. A preflight it answers, and says so: true. */
type SayOrigins = (req: IncomingMessage, res: ServerResponse) => boolean

export function sayOriginsOf(origins: readonly string[]): SayOrigins {
  const middleware = cors({
    origin: [...origins],
    methods: ['GET', 'POST'],
    allowedHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'Last-Event-ID'],
    exposedHeaders: ['Retry-After', 'RateLimit', 'RateLimit-Policy'],
    maxAge: 600,
  })
  const forOthers = recordHeaders(middleware)
  const forOrigin = new Map(
    origins.map((origin) => [origin, recordHeaders(middleware, { origin })]),
  )
  return (req, res) => {
    const isPreflight = req.method === 'OPTIONS'
    // What a host says of its own there is added to.
    if (isPreflight || res.hasHeader('Vary')) {
      setHead(res)
      if (isPreflight) res.setHeader('Cache-Control', 'no-store')
      middleware(req as Request, res as Response, () => {})
    } else {
      sayAll(res, forOrigin.get(req.headers.origin ?? '') ?? forOthers)
    }
    return isPreflight
  }
}
