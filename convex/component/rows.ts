// The outbox's rows as a delivery sees them: the next ones of an audience, and what becomes of them.

import type { Doc, Id } from './_generated/dataModel.js'
import type { DatabaseReader, MutationCtx } from './_generated/server.js'
import {
  CLOCK_STEP_MS,
  DEFAULT_KEY_LIFE_MS,
  KEY_MARGIN_MS,
  LONGEST_RETRY_MS,
  MAX_BATCH_BYTES,
  MAX_READ_BYTES,
  MAX_ROWS,
  readLimits,
} from './limits.js'
import { pauseMs } from './pauses.js'

type Message = Doc<'messages'>

export function pendingOf(db: DatabaseReader, audience: string) {
  return db
    .query('messages')
    .withIndex('by_order', (q) => q.eq('state', 'pending').eq('audience', audience))
}

export const bytesOf = ({ body }: Message): number => new TextEncoder().encode(body).length

/** The first rows of these: a hundred, and fewer where they are large. `isFull`: there may be more. */
export async function firstRows(
  all: AsyncIterable<Message>,
): Promise<{ readonly rows: readonly Message[]; readonly isFull: boolean }> {
  const rows: Message[] = []
  let bytes = 0
  for await (const row of all) {
    rows.push(row)
    bytes += bytesOf(row)
    if (rows.length >= MAX_ROWS || bytes >= MAX_READ_BYTES) return { rows, isFull: true }
  }
  return { rows, isFull: false }
}

/** The next rows of an audience that fit into one request; at least one, where there is one. */
export async function nextRows(
  db: DatabaseReader,
  audience: string,
  atMost: number,
): Promise<Message[]> {
  const rows: Message[] = []
  let bytes = 0
  for await (const row of pendingOf(db, audience)) {
    if (rows.length > 0 && isSuspect(row)) break
    bytes += bytesOf(row)
    if (rows.length > 0 && bytes > MAX_BATCH_BYTES) break
    rows.push(row)
    // What goes to everyone goes by another route, which takes one at a time.
    if (rows.length >= atMost || isSuspect(row) || row.route === 'broadcast') break
  }
  return rows
}

const isSuspect = ({ failures }: Message): boolean => failures !== undefined

/** Why a row must not be tried any more, if so. */
export function reasonToEnd(
  row: Message,
  idempotencyTtlMs: number | undefined,
): string | undefined {
  const { maxAgeMs, maxAttempts } = readLimits()
  const now = Date.now()
  const last = row.fault === undefined ? '' : `; last: ${row.fault}`
  if (now - row.since > maxAgeMs) return `older than ${maxAgeMs} ms${last}`
  const { failures = 0 } = row
  if (failures >= maxAttempts) return `failed ${failures} times${last}`
  if (row.firstAttemptAt === undefined) return undefined
  const keyLifeMs = idempotencyTtlMs ?? DEFAULT_KEY_LIFE_MS
  // Too short a life leaves half of it, rather than nothing.
  const margin = Math.min(KEY_MARGIN_MS, keyLifeMs / 2)
  if (now - row.firstAttemptAt <= keyLifeMs - margin) return undefined
  return `tried first so long ago that its key may be forgotten (IDEMPOTENCY_TTL_MS is ${keyLifeMs})${last}`
}

export async function bury({ db }: MutationCtx, id: Id<'messages'>, fault: string): Promise<void> {
  await db.patch('messages', id, { state: 'dead', fault, retryAt: undefined })
}

/** Notes, before they are posted, that Syncline may have these from now on. */
export async function noteAttempt({ db }: MutationCtx, rows: readonly Message[]): Promise<void> {
  for (const [index, { _id, attempts, firstAttemptAt }] of rows.entries()) {
    const counted = index === 0 ? attempts + 1 : attempts
    const first = firstAttemptAt ?? Date.now()
    await db.patch('messages', _id, { attempts: counted, firstAttemptAt: first })
  }
}

interface Trouble {
  readonly fault: string
  /** Syncline met a fault of its own. */
  readonly isFailure: boolean
  /** It can have been no other message's doing. */
  readonly isAlone: boolean
}

/** Has rows wait, at least the first one, which the others wait for. Returns when to start. */
export async function putOff(
  { db }: MutationCtx,
  rows: readonly Message[],
  { fault, isFailure, isAlone }: Trouble,
): Promise<number> {
  const attempts = rows[0]?.attempts ?? 1
  const retryAt = Date.now() + pauseMs(attempts, readLimits().retryMs, LONGEST_RETRY_MS)
  for (const { _id, failures = 0 } of rows) {
    const counted = isFailure && { failures: isAlone ? failures + 1 : failures }
    await db.patch('messages', _id, { retryAt, fault, ...counted })
  }
  return retryAt + CLOCK_STEP_MS
}
