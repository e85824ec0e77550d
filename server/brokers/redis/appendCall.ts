// An append as the script takes it, and what its answers mean.

import { SyncError } from '../../../shared/errors.js'
import type { Publication } from '../Broker.js'
import { idempotencyConflict } from '../IdempotencyKeys.js'
import { toFields } from './streamEntry.js'

interface AppendSettings {
  readonly epoch: string
  /** From then on, by Redis's clock, it isn't carried out any more. */
  readonly deadline: number
  readonly messageTtlMs: number
  readonly maxLogBytes: number
  readonly idempotencyTtlMs: number
  readonly maxIdempotencyKeys: number
  readonly keepMs: number
  readonly node: string
  /** Tells the appends of a node apart. */
  readonly append: number
}

/** The names of its keys, and its arguments. */
interface AppendCall {
  readonly keys: readonly string[]
  readonly args: readonly (string | number)[]
}

/** What became of a publication, as Redis says it. */
export interface KnownReceipt {
  readonly isDuplicate: boolean
  readonly ids: readonly string[]
  readonly lastId: string
}

export type AppendReply =
  | readonly ['ok', string, readonly (readonly [number, string, string])[]]
  | readonly ['full', string, string]
  | readonly ['conflict' | 'epoch' | 'late', string, undefined]

export function appendCall(
  publications: readonly Publication[],
  settings: AppendSettings,
): AppendCall {
  const { node, append } = settings
  const idempotencyKeys = [
    ...new Set(publications.flatMap(({ idempotency }) => idempotency?.key ?? [])),
  ]
  const args: (string | number)[] = [
    settings.epoch,
    Math.floor(settings.deadline),
    settings.messageTtlMs,
    settings.maxLogBytes,
    settings.idempotencyTtlMs,
    settings.maxIdempotencyKeys,
    settings.keepMs,
    publications.length,
  ]
  publications.forEach(({ items, idempotency, isCounted = false }, publication) => {
    const ids = idsOf(items)
    const key = idempotency === undefined ? 0 : idempotencyKeys.indexOf(idempotency.key) + 1
    args.push(key, idempotency?.fingerprint ?? '', JSON.stringify(ids), ids.length, items.length)
    items.forEach((item, index) => {
      const isLast = index === items.length - 1
      args.push(...toFields(item, { tag: { node, append, publication }, isLast, isCounted }))
    })
  })
  return { keys: ['log', 'meta', 'keys', ...idempotencyKeys.map((key) => `k:${key}`)], args }
}

/** Throws a `SyncError` where nothing was appended, and nothing will be. */
export function receiptsIn([outcome, now, rest]: AppendReply): readonly KnownReceipt[] {
  switch (outcome) {
    case 'ok':
      return rest.map(([isDuplicate, ids, lastId]) => ({
        isDuplicate: isDuplicate === 1,
        ids: JSON.parse(ids) as string[],
        lastId,
      }))
    case 'conflict':
      throw idempotencyConflict()
    case 'full':
      throw tooManyKeys(Number(rest) - Number(now))
    case 'epoch':
    case 'late':
      throw unavailable()
    default:
      return outcome satisfies never
  }
}

export const idsOf = (items: Publication['items']): string[] =>
  items.flatMap((item) => (item.kind === 'message' ? [item.id] : []))

function tooManyKeys(waitMs: number): SyncError {
  return new SyncError(
    'unavailable',
    'too many idempotency keys are in use; try again later, or raise MAX_IDEMPOTENCY_KEYS',
    { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) },
  )
}

export const unavailable = (): SyncError =>
  new SyncError('unavailable', "the log can't be written now; try again")
