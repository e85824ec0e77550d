// The HTTP API under /api/sync: from a body to the publisher, from a result to an answer. Handlers
// are plain functions; Express only finds them.

import { type Request, type RequestHandler, type Response, Router } from 'express'
import { SyncError } from '../../shared/errors.js'
import { parseOrThrow } from '../../shared/message.js'
import {
  isAdmin,
  type Principal,
  type Revocation,
  revocationSchema,
} from '../../shared/principal.js'
import { fromHeader } from '../security/credentials.js'
import type { HostRules } from '../security/hosts.js'
import { isBatch, type Publisher } from '../security/Publisher.js'
import type { Tickets } from '../security/Tickets.js'
import type { Published } from '../services/RealtimeSyncService.js'
import { sendError, sendJson } from '../transports/answer.js'
import { type PollContext, servePoll } from '../transports/longPoll.js'
import { type SseContext, serveStream } from '../transports/sse.js'
import { readBody } from './body.js'
import { answerFaults } from './faults.js'
import { createGuards, type GuardContext, type Handler } from './guards.js'
import { allowOrigins, hostCheck, originCheck } from './origins.js'
import { assertOwnTurn } from './ownTurn.js'
import type { Status } from './status.js'

export interface SyncRouterContext extends GuardContext {
  readonly poll: PollContext
  readonly stream: SseContext
  readonly publisher: Publisher
  readonly tickets: Pick<Tickets, 'issue'>
  /** Ends what a revocation means; says how many connections of this node that were. */
  readonly revoke: (by: Principal, revocation: Revocation) => Promise<number>
  readonly hostRules: HostRules
  readonly corsOrigins: readonly string[]
  readonly maxPayloadBytes: number
  readonly status: Status
  readonly onFault: (error: unknown) => void
}

export function createSyncRouter(context: SyncRouterContext): Router {
  const { publisher, poll, stream, status, tickets, revoke } = context
  const { identified, readLimit, writeLimit, tellLeft, as } = createGuards(context)
  const router = Router()
  router.use(hostCheck(context.hostRules), allowOrigins(context.corsOrigins))

  const get = (path: string, handler: Handler, { takesTicket } = { takesTicket: false }) =>
    router
      .route(path)
      .head(only('GET'))
      .get(identified({ takesTicket }), readLimit, as(handler))
      .all(only('GET'))
  const post = (path: string, handler: Handler, limit = writeLimit) =>
    router
      .route(path)
      .post(originCheck(context.hostRules), identified({ takesTicket: false }), limit, as(handler))
      .all(only('POST'))

  const received = async (req: Request, res: Response) => {
    const idempotencyKey = idempotencyKeyOf(req)
    const { content, bytes } = await readBody(req, res, context.maxPayloadBytes)
    // The request itself was charged as one unit.
    return { content, came: { idempotencyKey, bytes, paidUnits: 1 } }
  }

  get('/poll', (principal, req, res) => {
    assertOwnTurn(res)
    return servePoll(poll, principal, req, res)
  })
  get(
    '/stream',
    (principal, req, res) => {
      assertOwnTurn(res)
      return serveStream(stream, principal, req, res)
    },
    { takesTicket: true },
  )
  get('/status', (principal, _req, res) => sendJson(res, 200, status.describe(isAdmin(principal))))

  post('/send', async (principal, req, res) => {
    const { content, came } = await received(req, res)
    if (!isBatch(content)) {
      const published = await publisher.send(principal, required(content), came)
      tellLeft(principal, res)
      return sendPublished(res, published)
    }
    if (came.idempotencyKey !== undefined) {
      throw new SyncError(
        'invalid_request',
        'Idempotency-Key: in a batch, give each message its own idempotencyKey instead',
      )
    }
    const published = await publisher.sendBatch(principal, content, came)
    tellLeft(principal, res)
    sendBatchResults(res, published)
  })

  post('/broadcast', async (principal, req, res) => {
    const { content, came } = await received(req, res)
    const published = await publisher.broadcast(principal, required(content), came)
    const { isDuplicate, ...facts } = published
    tellLeft(principal, res)
    sendJson(res, isDuplicate ? 200 : 201, { success: true, ...facts, duplicate: isDuplicate })
  })

  post('/force', async (principal, req, res) => {
    const { content, came } = await received(req, res)
    if (came.idempotencyKey !== undefined) {
      throw new SyncError(
        'invalid_request',
        'Idempotency-Key: force takes none; forcing twice is harmless',
      )
    }
    sendJson(res, 202, { success: true, ...(await publisher.force(principal, content, came)) })
  })

  // Asked for before each connection: it belongs to reading, which must not run out of the
  // budget for publishing.
  post(
    '/ticket',
    async (principal, _req, res) =>
      sendJson(res, 201, { success: true, ...(await tickets.issue(principal)) }),
    readLimit,
  )

  post('/revoke', async (principal, req, res) => {
    if (!isAdmin(principal)) throw poll.access.needsAdmin('revoke')
    const { content } = await received(req, res)
    const revocation = parseOrThrow(revocationSchema, required(content), 'invalid_request')
    const disconnected = await revoke(principal, revocation)
    sendJson(res, 200, { success: true, disconnected })
  })

  router.use((_req, res) => sendError(res, new SyncError('not_found', 'there is no such route')))
  router.use(answerFaults(context.onFault))
  return router
}

function only(method: 'GET' | 'POST'): RequestHandler {
  return (_req, res) => {
    const error = new SyncError('method_not_allowed', `this route takes ${method} only`)
    sendError(res, error, { Allow: method })
  }
}

function required(body: unknown): unknown {
  if (body !== undefined) return body
  throw new SyncError('invalid_request', 'a JSON body is needed')
}

function idempotencyKeyOf({ headersDistinct }: Request): string | undefined {
  const keys = headersDistinct['idempotency-key'] ?? []
  if (keys.length <= 1) return keys[0] === undefined ? undefined : fromHeader(keys[0])
  throw new SyncError('invalid_request', 'Idempotency-Key: must be given once')
}

function sendPublished(
  res: Response,
  { messageId, cursor, timestamp, isDuplicate }: Published,
): void {
  sendJson(res, isDuplicate ? 200 : 201, {
    success: true,
    messageId,
    cursor,
    timestamp,
    duplicate: isDuplicate,
  })
}

function sendBatchResults(res: Response, published: readonly Published[]): void {
  const results = published.map(({ messageId, cursor, isDuplicate }) => ({
    messageId,
    cursor,
    duplicate: isDuplicate,
  }))
  // What is new stands behind what was there before.
  const last = published.findLast(({ isDuplicate }) => !isDuplicate) ?? published.at(-1)
  const isAllDuplicate = published.every(({ isDuplicate }) => isDuplicate)
  sendJson(res, isAllDuplicate ? 200 : 201, {
    success: true,
    results,
    cursor: last?.cursor,
    timestamp: last?.timestamp,
  })
}
