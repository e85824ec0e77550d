// The last handler of a chain: every fault becomes an answer, and only real ones are reported.

import type { ErrorRequestHandler } from 'express'
import { SyncError } from '../../shared/errors.js'
import { sendError } from '../transports/answer.js'

/** What Express and its body parsers throw for what callers do. */
const PARSER_FAULTS: ReadonlyMap<unknown, SyncError> = new Map([
  ['entity.parse.failed', new SyncError('invalid_request', 'the body is not valid JSON')],
  ['entity.too.large', new SyncError('too_large', 'the body is too large')],
  ['encoding.unsupported', new SyncError('unsupported_media_type', 'Content-Encoding: is unknown')],
  ['charset.unsupported', new SyncError('unsupported_media_type', 'charset: must be utf-8')],
  ['request.aborted', new SyncError('invalid_request', 'the body ended too early')],
  [
    'request.size.invalid',
    new SyncError('invalid_request', 'the body is not as long as announced'),
  ],
])

export function answerFaults(onFault: (error: unknown) => void): ErrorRequestHandler {
  return (error: unknown, _req, res, _next) => {
    const fault = fromExpress(error)
    if (!(fault instanceof SyncError)) onFault(fault)
    if (res.headersSent) {
      res.destroy()
      return
    }
    // The rest of a body that was refused is not worth reading.
    const isLarge = fault instanceof SyncError && fault.code === 'too_large'
    sendError(res, fault, isLarge ? { Connection: 'close' } : {})
  }
}

function fromExpress(error: unknown): unknown {
  if (error instanceof URIError) return new SyncError('invalid_request', 'the path is not valid')
  return error instanceof Error && 'type' in error
    ? (PARSER_FAULTS.get(error.type) ?? error)
    : error
}
