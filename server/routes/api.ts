// All that a client needs, at the paths it needs them: what a host mounts, and what is behind the front
// of a server that listens by itself.

import { Router } from 'express'
import { SyncError } from '../../shared/errors.js'
import type { HostRules } from '../security/hosts.js'
import { sendError } from '../transports/answer.js'
import { WEBSOCKET_PATH } from '../transports/WebSocketManager.js'
import { answerFaults } from './faults.js'
import { hostCheck } from './hostCheck.js'

interface ApiOptions {
  /** For `/api/sync`. */
  readonly sync: Router
  readonly hostRules: HostRules
  readonly onFault: (error: unknown) => void
}

export function createApi({ sync, hostRules, onFault }: ApiOptions): Router {
  const api = Router()
  api.use('/api/sync', sync)
  api.all(WEBSOCKET_PATH, hostCheck(hostRules), (_req, res) => {
    const error = new SyncError(
      'upgrade_required',
      'this is a WebSocket: connect with ws:// or wss://',
    )
    sendError(res, error, { Upgrade: 'websocket', Connection: 'Upgrade' })
  })
  api.use(answerFaults(onFault))
  return api
}
