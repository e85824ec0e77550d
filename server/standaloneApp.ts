// A server that listens by itself: the API's routes in front, and behind them, in an Express app, the
// rest: other spellings of these routes, health, metrics and the dashboard.

import type { RequestListener } from 'node:http'
import express, { type RequestHandler, type Router } from 'express'
import helmet from 'helmet'
import { SyncError } from '../shared/errors.js'
import { createDashboard } from './routes/dashboard.js'
import { answerFaults } from './routes/faults.js'
import { hostCheck } from './routes/hostCheck.js'
import { ownTurn } from './routes/ownTurn.js'
import { recordHeaders } from './routes/recordHeaders.js'
import type { Serve } from './routes/serve.js'
import { inFrontOf } from './routes/sync.js'
import type { Routes } from './routes/syncRoutes.js'
import { getOnly } from './routes/wrongMethod.js'
import type { HostRules } from './security/hosts.js'
import { sendError } from './transports/answer.js'

interface StandaloneOptions {
  readonly api: Router
  readonly routes: Routes
  readonly serve: Serve
  readonly health: Router
  /** Absent where metrics are switched off. */
  readonly metrics: RequestHandler | undefined
  /** Absent where the dashboard is switched off, or there is none. */
  readonly dashboardFolder: string | undefined
  readonly hostRules: HostRules
  readonly onFault: (error: unknown) => void
}

export function createStandalone(options: StandaloneOptions): RequestListener {
  const { routes, serve, api, health, metrics, dashboardFolder, hostRules, onFault } = options
  const app = express()
  app.disable('x-powered-by')
  app.set('etag', false)
  // Probes name a host by its address, and learn nothing but "ok": they come before the check.
  app.use(health)
  app.use(api)
  app.use(hostCheck(hostRules), ownTurn)
  if (metrics !== undefined) app.route('/metrics').get(metrics).all(getOnly)
  if (dashboardFolder !== undefined) app.use(createDashboard(dashboardFolder))
  app.use((_req, res) => sendError(res, new SyncError('not_found', 'there is no such page')))
  app.use(answerFaults(onFault))
  return inFrontOf(app, { routes, serve, head: recordHeaders(pageSecurity()) })
}

/**
 * Nothing from elsewhere; and nothing that would force https on a server without TLS of its own.
 * 'self' takes in the page's own `/ws` (CSP 3); for Safari before 16, where it doesn't, there are
 * event streams, since `ws:` would let a page talk to every host there is.
 */
function pageSecurity(): RequestHandler {
  return helmet({
    strictTransportSecurity: false,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
  })
}
