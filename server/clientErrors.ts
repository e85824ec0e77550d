// What Node's parser can't take never becomes a request. It is told so all the same, in the form of
// every other error, unless an answer is on its way on that connection.

import type { Server } from 'node:http'
import { endWithError, type Refusal } from './transports/answer.js'
import { PendingAnswers } from './transports/PendingAnswers.js'

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

/** To be called before the server listens. */
export function answerClientErrors(server: Server): void {
  const answers = new PendingAnswers()
  answers.watch(server)
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const isUnderWay = [...answers.of(socket)].some(({ headersSent }) => headersSent)
    if (!socket.writable || isUnderWay || error.code === 'ECONNRESET') return socket.destroy()
    endWithError(socket, REFUSALS.get(error.code) ?? MALFORMED)
  })
}
