// The Host as an Express handler, for what is not under /api/sync; the rules are in `security/hosts.ts`.

import type { RequestHandler } from 'express'
import type { HostRules } from '../security/hosts.js'

/** Refuses a Host that this server doesn't answer to. */
export function hostCheck(hostRules: HostRules): RequestHandler {
  return (req, _res, next) => {
    hostRules.assertHost(req)
    next()
  }
}
