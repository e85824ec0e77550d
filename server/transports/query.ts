// The query of a request, read from its URL so that a host's query parser has no say in it.

import type { IncomingMessage } from 'node:http'
import { parseSince, type Since } from '../../shared/cursor.js'
import { SyncError } from '../../shared/errors.js'

/** Throws `invalid_request` where a parameter is given twice. */
export function queryOf({ url = '' }: IncomingMessage): URLSearchParams {
  const start = url.indexOf('?')
  const query = new URLSearchParams(start === -1 ? '' : url.slice(start + 1))
  if (query.size < 2) return query
  const seen = new Set<string>()
  for (const name of query.keys()) {
    if (seen.has(name)) {
      throw SyncError.of('invalid_request', [
        { path: name.slice(0, 64), message: 'must be given once' },
      ])
    }
    seen.add(name)
  }
  return query
}

/** A number within bounds. Throws `invalid_request` where it is none, or outside. */
export function numberWithin(
  query: URLSearchParams,
  name: string,
  {
    min,
    max,
    byDefault,
    isWhole,
  }: { min: number; max: number; byDefault: number; isWhole: boolean },
): number {
  const text = query.get(name)
  if (text === null) return byDefault
  const isNumber = isWhole ? /^\d{1,9}$/.test(text) : /^\d{1,9}(\.\d{1,9})?$/.test(text)
  const number = Number(text)
  if (isNumber && number >= min && number <= max) return number
  const kind = isWhole ? 'a whole number' : 'a number'
  throw SyncError.of('invalid_request', [
    { path: name, message: `must be ${kind} from ${min} to ${max}` },
  ])
}

/** Where to begin, from a query, a header or a frame. Throws `invalid_cursor`. */
export function parseSinceOr(byDefault: Since, value: unknown): Since {
  if (value === undefined) return byDefault
  const since = parseSince(value)
  if (since !== undefined) return since
  throw new SyncError(
    'invalid_cursor',
    'since: must be a cursor that the server gave, "now", 0 or a timestamp in ms',
  )
}

/** Topic names, comma-separated; `undefined` where the parameter is absent. */
export function topicList(query: URLSearchParams): readonly string[] | undefined {
  return query.get('topics')?.split(',')
}
