// Talks to Syncline over HTTP, and says what came of it. It knows of no table, and never throws.

import { type Infer, v } from 'convex/values'
import { type Answer, request, withoutToken } from './request.js'
import { route } from './schema.js'

export const posting = v.object({ id: v.id('messages'), route, body: v.string() })
export type Posting = Infer<typeof posting>

const away = v.object({
  kind: v.literal('away'),
  fault: v.string(),
  retryAfterMs: v.optional(v.number()),
})
export type Away = Infer<typeof away>

export const outcome = v.union(
  /** The log has it. */
  v.object({ kind: v.literal('delivered') }),
  /** It never will, as it is. */
  v.object({ kind: v.literal('refused'), fault: v.string() }),
  /** Syncline met a fault of its own: it may be the message's doing. */
  v.object({ kind: v.literal('failed'), fault: v.string() }),
  /** Syncline, or the way there, is not as it should be. */
  away,
)
export type Outcome = Infer<typeof outcome>

/** What Syncline said of itself. */
export const heard = v.union(
  v.object({ kind: v.literal('well'), idempotencyTtlMs: v.optional(v.number()) }),
  away,
)
export type Heard = Infer<typeof heard>

/** What can't get better by trying again. */
const FINAL_STATUSES = [400, 403, 413, 422]

/** Posts one message, or several to `send` in their order, all or none. */
export async function post(postings: readonly Posting[], timeoutMs: number): Promise<Outcome> {
  const [first] = postings
  if (first === undefined) return { kind: 'delivered' }
  const isBatch = postings.length > 1
  const body = isBatch ? `{"messages":[${postings.map(keyed).join(',')}]}` : first.body
  const headers = {
    'Content-Type': 'application/json',
    ...(!isBatch && { 'Idempotency-Key': first.id }),
  }
  const answer = await request(first.route, { method: 'POST', headers, body }, timeoutMs)
  return 'fault' in answer ? { kind: 'away', ...answer } : outcomeOf(answer, postings.length)
}

/** Asks how Syncline does, which leaves no trace there. */
export async function askStatus(timeoutMs: number): Promise<Heard> {
  const answer = await request('status', { method: 'GET', headers: {} }, timeoutMs)
  if ('fault' in answer) return { kind: 'away', ...answer }
  if (answer.status !== 200 || answer.body?.success !== true) return awayBy(answer)
  const { idempotencyTtlMs, status } = answer.body
  // It answers, and would publish nothing: it starts, stops, or has lost its way to the others.
  if (status === 'degraded') return { kind: 'away', fault: 'Syncline is degraded' }
  if (idempotencyTtlMs === undefined) return { kind: 'well' }
  // Syncline says no such thing, and what was tried would be given up for it.
  if (typeof idempotencyTtlMs !== 'number' || idempotencyTtlMs < 1) return awayBy(answer)
  return { kind: 'well', idempotencyTtlMs }
}

function keyed({ id, body }: Posting): string {
  return `${body.slice(0, -1)},"idempotencyKey":${JSON.stringify(id)}}`
}

function outcomeOf(answer: Answer, count: number): Outcome {
  const { status, body } = answer
  if ((status === 200 || status === 201) && isReceipt(body, count)) return { kind: 'delivered' }
  // A page of a proxy is no verdict of Syncline's.
  const code = body?.success === false ? errorOf(body) : undefined
  if (code === undefined) return awayBy(answer)
  if (FINAL_STATUSES.includes(status)) return { kind: 'refused', fault: `${status} ${code}` }
  if (status === 500) return { kind: 'failed', fault: `${status} ${code}` }
  return awayBy(answer)
}

function isReceipt(body: Answer['body'], count: number): boolean {
  if (body?.success !== true) return false
  if (count === 1) return typeof body.messageId === 'string'
  return Array.isArray(body.results) && body.results.length === count
}

function errorOf({ error }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  if (typeof error.code !== 'string') return undefined
  const message = 'message' in error && typeof error.message === 'string' ? error.message : ''
  return withoutToken(message === '' ? error.code : `${error.code}: ${message}`)
}

function awayBy({ status, retryAfter, body }: Answer): Away {
  const said = body === undefined ? 'not an answer of Syncline' : (errorOf(body) ?? 'not a receipt')
  const seconds = Number(retryAfter ?? Number.NaN)
  const retryAfterMs = seconds > 0 ? { retryAfterMs: Math.min(seconds, 1e6) * 1000 } : {}
  return { kind: 'away', fault: `${status} ${said}`, ...retryAfterMs }
}
