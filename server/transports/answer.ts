// JSON answers over plain `node:http`, so that neither an ETag nor a host's settings get in.

import type { ServerResponse } from 'node:http'
import { publicError } from '../../shared/errors.js'

type Headers = Record<string, string | number>

export function sendJson(
  res: ServerResponse,
  status: number,
  body: object,
  headers?: Headers,
): void {
  sendJsonText(res, status, JSON.stringify(body), headers)
}

/** For a body that is JSON already. It ends in a line break, for those who read it in a terminal. */
export function sendJsonText(
  res: ServerResponse,
  status: number,
  json: string,
  headers: Headers = {},
): void {
  if (res.headersSent || res.destroyed) return
  res.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Length': Buffer.byteLength(json) + 1,
    ...headers,
  })
  res.end(`${json}\n`)
}

/** Answers a fault: what is meant for the caller as it stands, anything else as `internal`. */
export function sendError(res: ServerResponse, error: unknown, headers: Headers = {}): void {
  const { code, message, details, status, retryAfterSeconds, headers: own } = publicError(error)
  sendJson(
    res,
    status,
    { success: false, error: { code, message, ...(details !== undefined && { details }) } },
    {
      ...(retryAfterSeconds !== undefined && { 'Retry-After': retryAfterSeconds }),
      ...(code === 'unauthorized' && { 'WWW-Authenticate': 'Bearer' }),
      ...own,
      ...headers,
    },
  )
}
