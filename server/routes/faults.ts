// Every fault becomes an answer, and only real ones are reported.

import type { ServerResponse } from 'node:http'
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

const unreadable = new SyncError('invalid_request', 'the body could not be read to its end')

/** What nginx lets through unless it is told otherwise. Of more the rest is not worth reading. */
const MAX_READ_ON_BYTES = 1 << 20

/** The last handler of an Express chain. */
export function answerFaults(onFault: (error: unknown) => void): ErrorRequestHandler {
  return (error: unknown, _req, res, _next) => answerFault(res, fromExpress(error), onFault)
}

export function answerFault(
  res: ServerResponse,
  fault: unknown,
  onFault: (error: unknown) => void,
): void {
  if (!(fault instanceof SyncError)) onFault(fault)
  if (res.headersSent) {
    res.destroy()
    return
  }
  const isLarge = fault instanceof SyncError && fault.code === 'too_large'
  sendError(res, fault, isLarge && !isReadOn(res) ? { Connection: 'close' } : {})
}

/**
 * Whether the rest of a refused body is read and thrown away. A proxy that is cut off while it sends
 * one takes this server for dead, and all of them where one client does so to each.
 */
function isReadOn({ req }: ServerResponse): boolean {
  return Number(req.headers['content-length'] ?? Infinity) <= MAX_READ_ON_BYTES
}

function fromExpress(error: unknown): unknown {
  if (error instanceof URIError) return new SyncError('invalid_request', 'the path is not valid')
  if (!(error instanceof Error) || error instanceof SyncError) return error
  const known = 'type' in error ? PARSER_FAULTS.get(error.type) : undefined
  // What can't be unpacked has no type of its own, only the status of a caller's fault.
  return known ?? ('status' in error && error.status === 400 ? unreadable : error)
}
