// All that a client needs, at the paths it needs them: what a host mounts, and what `listen` serves.

import { Router } from 'express'
import { SyncError } from '../../shared/errors.js'
import { sendError } from '../transports/answer.js'
import { WEBSOCKET_PATH } from '../transports/WebSocketManager.js'
import { answerFaults } from './faults.js'
import { hostCheck } from './origins.js'
import { createSyncRouter, type SyncRouterContext } from './sync.js'

export function createApi(context: SyncRouterContext): Router {
  const api = Router()
  api.use('/api/sync', createSyncRouter(context))
  api.all(WEBSOCKET_PATH, hostCheck(context.hostRules), (_req, res) => {
    const error = new SyncError(
      'upgrade_required',
      'this is a WebSocket: connect with ws:// or wss://',
    )
    sendError(res, error, { Upgrade: 'websocket', Connection: 'Upgrade' })
  })
  api.use(answerFaults(context.onFault))
  return api
}
