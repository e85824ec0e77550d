// What a route says to a method that it doesn't take.

import type { RequestHandler } from 'express'
import { SyncError } from '../../shared/errors.js'

export function wrongMethod(method: 'GET' | 'POST'): SyncError {
  const headers = { Allow: method }
  return new SyncError('method_not_allowed', `this route takes ${method} only`, { headers })
}

/** Behind the handler of a GET, which takes HEAD as well. */
export const getOnly: RequestHandler = () => {
  throw wrongMethod('GET')
}
