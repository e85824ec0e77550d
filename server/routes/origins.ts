// Host, Origin and CORS as Express handlers; the rules themselves are in `security/hosts.ts`.

import cors from 'cors'
import type { RequestHandler } from 'express'
import type { HostRules } from '../security/hosts.js'

/** Refuses a Host that this server doesn't answer to. */
export function hostCheck(hostRules: HostRules): RequestHandler {
  return (req, _res, next) => {
    hostRules.assertHost(req)
    next()
  }
}

/** Refuses what a foreign page sends. For everything that changes something. */
export function originCheck(hostRules: HostRules): RequestHandler {
  return (req, _res, next) => {
    hostRules.assertOrigin(req)
    next()
  }
}

/** Lets the pages of these origins read answers. */
export function allowOrigins(origins: readonly string[]): RequestHandler {
  return cors({
    origin: [...origins],
    methods: ['GET', 'POST'],
    allowedHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'Last-Event-ID'],
    exposedHeaders: ['Retry-After', 'RateLimit', 'RateLimit-Policy'],
    maxAge: 600,
  })
}
