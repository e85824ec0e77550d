// JSON answers over plain `node:http`, so that neither an ETag nor a host's settings get in.

import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type ErrorCode, publicError } from '../../shared/errors.js'
import { setHead, takeHead } from './head.js'

type Headers = Record<string, string | number>

const JSON_HEADERS = {
  'Content-Type': 'application/json; charset=utf-8',
  'Cache-Control': 'no-store',
}
const JSON_HEAD = Object.entries(JSON_HEADERS).flat()

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
  headers?: Headers,
): void {
  sendBody(res, status, `${json}\n`, headers)
}

/** For a body of JSON, as it goes over the wire. */
export function sendBody(
  res: ServerResponse,
  status: number,
  body: string | Buffer,
  headers?: Headers,
): void {
  if (res.headersSent || res.destroyed) return
  const length = Buffer.byteLength(body)
  // Headers of this one answer may stand in the place of some that were said before.
  const head = headers === undefined ? takeHead(res) : setHead(res)
  if (head === undefined) {
    res.writeHead(status, { ...JSON_HEADERS, 'Content-Length': length, ...headers })
  } else {
    res.writeHead(status, [...head, ...JSON_HEAD, 'Content-Length', String(length)])
  }
  res.end(body)
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

/** What a socket that has no response is told; every `SyncError` is one. */
export interface Refusal {
  readonly status: number
  readonly code: ErrorCode
  readonly message: string
}

/** Answers what is no request, or an upgrade, and ends its socket. */
export function endWithError(socket: Duplex, { status, code, message }: Refusal): void {
  const body = `${JSON.stringify({ success: false, error: { code, message } })}\n`
  // HTTP sockets stay half-open otherwise, for as long as the peer likes.
  socket.once('finish', () => socket.destroy())
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Connection: close',
      'Content-Type: application/json; charset=utf-8',
      'Cache-Control: no-store',
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  )
}
