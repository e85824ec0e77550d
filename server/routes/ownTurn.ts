// One request at a time on a connection, for what holds something while it is answered.

import type { ServerResponse } from 'node:http'
import type { RequestHandler } from 'express'
import { SyncError } from '../../shared/errors.js'

/**
 * A request that was pipelined behind an unanswered one has no socket yet: nobody would tell when
 * its client leaves, and its answer would wait in memory, an open file with it perhaps. Throws
 * `unavailable`.
 */
export function assertOwnTurn(res: ServerResponse): void {
  if (res.socket !== null) return
  throw new SyncError(
    'unavailable',
    'one request at a time on a connection; this one was pipelined',
  )
}

export const ownTurn: RequestHandler = (_req, res, next) => {
  assertOwnTurn(res)
  next()
}
