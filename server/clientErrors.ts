// What Node's parser can't take never becomes a request. It is told so all the same, in the form of
// every other error, unless an answer is on its way on that connection.

import { type Server, STATUS_CODES } from 'node:http'
import type { ErrorCode } from '../shared/errors.js'
import { PendingAnswers } from './transports/PendingAnswers.js'

interface Refusal {
  readonly status: number
  readonly code: ErrorCode
  readonly message: string
}

const MALFORMED: Refusal = {
  status: 400,
  code: 'invalid_request',
  message: 'this is not a request that HTTP/1.1 knows',
}

const REFUSALS: ReadonlyMap<unknown, Refusal> = new Map<unknown, Refusal>([
  [
    'HPE_HEADER_OVERFLOW',
    {
      status: 431,
      code: 'too_large',
      message: 'the address and the headers may have 16 KiB together',
    },
  ],
  [
    'ERR_HTTP_REQUEST_TIMEOUT',
    { status: 408, code: 'invalid_request', message: 'the request took too long to arrive' },
  ],
])

export function answerClientErrors(server: Server): void {
  const answers = new PendingAnswers()
  answers.watch(server)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const isUnderWay = [...answers.of(socket)].some(({ headersSent }) => headersSent)
    if (!socket.writable || isUnderWay || error.code === 'ECONNRESET') return socket.destroy()
    socket.once('finish', () => socket.destroy())
    socket.end(textOf(REFUSALS.get(error.code) ?? MALFORMED))
  })
}

function textOf({ status, code, message }: Refusal): string {
  const body = `${JSON.stringify({ success: false, error: { code, message } })}\n`
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    'Cache-Control: no-store',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n')
}
