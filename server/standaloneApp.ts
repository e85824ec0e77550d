// The Express app of a server that listens by itself: the API, health, metrics and the dashboard.

import express, { type RequestHandler, type Router } from 'express'
import helmet from 'helmet'
import { SyncError } from '../shared/errors.js'
import { createDashboard } from './routes/dashboard.js'
import { answerFaults } from './routes/faults.js'
import { hostCheck } from './routes/origins.js'
import { ownTurn } from './routes/ownTurn.js'
import type { HostRules } from './security/hosts.js'
import { sendError } from './transports/answer.js'

interface StandaloneAppOptions {
  readonly api: Router
  readonly health: Router
  /** Absent where metrics are switched off. */
  readonly metrics: RequestHandler | undefined
  /** Absent where the dashboard is switched off, or there is none. */
  readonly dashboardFolder: string | undefined
  readonly hostRules: HostRules
  readonly onFault: (error: unknown) => void
}

export function createStandaloneApp(options: StandaloneAppOptions): express.Express {
  const { api, health, metrics, dashboardFolder, hostRules, onFault } = options
  const app = express()
  app.disable('x-powered-by')
  app.set('etag', false)
  app.use(pageSecurity())
  // Probes name a host by its address, and learn nothing but "ok": they come before the check.
  app.use(health)
  app.use(api)
  app.use(hostCheck(hostRules), ownTurn)
  if (metrics !== undefined) app.get('/metrics', metrics)
  if (dashboardFolder !== undefined) app.use(createDashboard(dashboardFolder))
  app.use((_req, res) => sendError(res, new SyncError('not_found', 'there is no such page')))
  app.use(answerFaults(onFault))
  return app
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
