// What is under /api/sync: from a body to the publisher, from a result to an answer. Which requests come
// this far is decided in `serve.ts`.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { SyncError } from '../../shared/errors.js'
import { parseOrThrow } from '../../shared/message.js'
import {
  isAdmin,
  type Principal,
  type Revocation,
  revocationSchema,
} from '../../shared/principal.js'
import { fromHeader } from '../security/credentials.js'
import { headerValues } from '../security/headerValues.js'
import { isBatch, type Publisher } from '../security/Publisher.js'
import type { RateLimits } from '../security/RateLimits.js'
import type { Tickets } from '../security/Tickets.js'
import type { Published } from '../services/RealtimeSyncService.js'
import { sendJson } from '../transports/answer.js'
import { setHead } from '../transports/head.js'
import { type PollContext, servePoll } from '../transports/longPoll.js'
import { type SseContext, serveStream } from '../transports/sse.js'
import { readBody } from './body.js'
import { assertOwnTurn } from './ownTurn.js'
import type { Handler, Limit, Route } from './serve.js'
import type { Status, StatusReader } from './status.js'
import { createHotWriteLimit, createWriteLimit, tellLeft } from './writeLimit.js'

export interface RoutesContext {
  readonly poll: PollContext
  readonly stream: SseContext
  readonly publisher: Publisher
  readonly rateLimits: RateLimits
  readonly tickets: Pick<Tickets, 'issue'>
  /** Ends what a revocation means; says how many connections of this node that were. */
  readonly revoke: (by: Principal, revocation: Revocation) => Promise<number>
  readonly maxPayloadBytes: number
  readonly status: Status
}

/** By the end of their paths: `/poll`. */
export type Routes = ReadonlyMap<string, Route>

function readerOf(principal: Principal): StatusReader {
  if (isAdmin(principal)) return 'admin'
  return principal.isService ? 'service' : 'anyone'
}

export function createRoutes(context: RoutesContext): Routes {
  const { publisher, poll, stream, status, tickets, revoke, rateLimits } = context
  const readLimit: Limit = (principal) => rateLimits.chargeRead(principal)
  const writeLimit = createWriteLimit(rateLimits)
  const hotWriteLimit = createHotWriteLimit(rateLimits)
  const routes = new Map<string, Route>()
  const get = (path: string, handle: Handler, takesTicket = false) =>
    routes.set(path, { method: 'GET', limit: readLimit, takesTicket, handle })
  const post = (path: string, limit: Limit, handle: Handler) =>
    routes.set(path, { method: 'POST', limit, takesTicket: false, handle })

  const received = async (req: IncomingMessage, res: ServerResponse) => {
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
      setHead(res)
      return serveStream(stream, principal, req, res)
    },
    true,
  )
  get('/status', (principal, _req, res) => sendJson(res, 200, status.describe(readerOf(principal))))

  post('/send', hotWriteLimit, async (principal, req, res) => {
    const { content, came } = await received(req, res)
    if (!isBatch(content)) {
      const published = await publisher.send(principal, required(content), came)
      tellLeft(rateLimits, principal, res)
      return sendPublished(res, published)
    }
    if (came.idempotencyKey !== undefined) {
      throw new SyncError(
        'invalid_request',
        'Idempotency-Key: in a batch, give each message its own idempotencyKey instead',
      )
    }
    const published = await publisher.sendBatch(principal, content, came)
    tellLeft(rateLimits, principal, res)
    sendBatchResults(res, published)
  })

  post('/broadcast', hotWriteLimit, async (principal, req, res) => {
    publisher.assertMayBroadcast(principal)
    const { content, came } = await received(req, res)
    const published = await publisher.broadcast(principal, required(content), came)
    const { isDuplicate, ...facts } = published
    tellLeft(rateLimits, principal, res)
    sendJson(res, isDuplicate ? 200 : 201, { success: true, ...facts, duplicate: isDuplicate })
  })

  post('/force', writeLimit, async (principal, req, res) => {
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
  post('/ticket', readLimit, async (principal, _req, res) =>
    sendJson(res, 201, { success: true, ...(await tickets.issue(principal)) }),
  )

  post('/revoke', writeLimit, async (principal, req, res) => {
    if (!isAdmin(principal)) throw poll.access.needsAdmin('revoke')
    const { content } = await received(req, res)
    const revocation = parseOrThrow(revocationSchema, required(content), 'invalid_request')
    const disconnected = await revoke(principal, revocation)
    sendJson(res, 200, { success: true, disconnected })
  })

  return routes
}

function required(body: unknown): unknown {
  if (body !== undefined) return body
  throw new SyncError('invalid_request', 'a JSON body is needed')
}

function idempotencyKeyOf(req: IncomingMessage): string | undefined {
  const keys = headerValues(req, 'idempotency-key')
  if (keys.length <= 1) return keys[0] === undefined ? undefined : fromHeader(keys[0])
  throw new SyncError('invalid_request', 'Idempotency-Key: must be given once')
}

function sendPublished(
  res: ServerResponse,
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

function sendBatchResults(res: ServerResponse, published: readonly Published[]): void {
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
