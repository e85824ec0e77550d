// Liveness and readiness, for whoever decides whether to send traffic here.

import { Router } from 'express'
import { SyncError } from '../../shared/errors.js'
import { sendError, sendJson } from '../transports/answer.js'
import type { Status } from './status.js'
import { getOnly } from './wrongMethod.js'

export function createHealthRouter(status: Status): Router {
  const router = Router()
  router.get('/healthz', (_req, res) => sendJson(res, 200, { success: true, status: 'ok' }))
  router.get('/readyz', (_req, res) => {
    if (status.isReady) return sendJson(res, 200, { success: true, status: 'ready' })
    sendError(
      res,
      new SyncError('unavailable', 'this server is starting, stopping, or cut off from Redis'),
    )
  })
  router.all(['/healthz', '/readyz'], getOnly)
  return router
}
