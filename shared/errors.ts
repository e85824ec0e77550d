// The one table of what can go wrong: its code, the HTTP status that says it, and the close code
// that ends a WebSocket whose `connect` or `refresh` was refused for it.

import { CLOSE, type CloseCode } from './closeCodes.js'

interface ErrorFacts {
  readonly status: number
  readonly close: CloseCode
}

export const ERRORS = {
  invalid_request: { status: 400, close: CLOSE.invalidConnect },
  invalid_message: { status: 400, close: CLOSE.invalidConnect },
  invalid_cursor: { status: 400, close: CLOSE.invalidConnect },
  unauthorized: { status: 401, close: CLOSE.invalidToken },
  forbidden: { status: 403, close: CLOSE.forbidden },
  not_found: { status: 404, close: CLOSE.invalidConnect },
  method_not_allowed: { status: 405, close: CLOSE.invalidConnect },
  too_large: { status: 413, close: CLOSE.invalidConnect },
  unsupported_media_type: { status: 415, close: CLOSE.invalidConnect },
  idempotency_conflict: { status: 422, close: CLOSE.invalidConnect },
  upgrade_required: { status: 426, close: CLOSE.invalidConnect },
  rate_limited: { status: 429, close: CLOSE.rateLimited },
  internal: { status: 500, close: CLOSE.internal },
  unavailable: { status: 503, close: CLOSE.overCapacity },
} as const satisfies Record<string, ErrorFacts>

export type ErrorCode = keyof typeof ERRORS

/** One thing that is wrong with one field. `path` is dotted: `messages.3.type`. */
export interface ErrorDetail {
  readonly path: string
  readonly message: string
}

interface SyncErrorOptions {
  readonly details?: readonly ErrorDetail[]
  /** Sent as `Retry-After`; 503 always has one (default 1). */
  readonly retryAfterSeconds?: number
  /** Headers of the HTTP answer, beside `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>
  /** The close code that says it on a WebSocket. Default: the table's. */
  readonly close?: CloseCode
}

/** An error that the caller is told as it stands: its message says what to do and gives nothing away. */
export class SyncError extends Error {
  override readonly name = 'SyncError'
  readonly code: ErrorCode
  readonly details: readonly ErrorDetail[] | undefined
  readonly retryAfterSeconds: number | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly close: CloseCode

  constructor(code: ErrorCode, message: string, options: SyncErrorOptions = {}) {
    super(message)
    this.code = code
    this.details = options.details
    this.retryAfterSeconds = options.retryAfterSeconds ?? (code === 'unavailable' ? 1 : undefined)
    this.headers = options.headers ?? {}
    this.close = options.close ?? ERRORS[code].close
  }

  get status(): number {
    return ERRORS[this.code].status
  }

  /** The error for faults found by a schema: all of them in `details`, the first as its sentence. */
  static of(code: ErrorCode, details: readonly ErrorDetail[]): SyncError {
    const [first] = details
    const message = first === undefined ? 'invalid' : sentence(first)
    return new SyncError(code, message, { details })
  }
}

function sentence({ path, message }: ErrorDetail): string {
  return path === '' ? message : `${path}: ${message}`
}

/** A use or a setting that can't work, told to whoever runs the server: a line per fault. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** What a stranger may be told of any fault: a `SyncError` as it is, everything else as `internal`. */
export function publicError(error: unknown): SyncError {
  if (error instanceof SyncError) return error
  return new SyncError('internal', 'the server met a fault of its own; try again')
}
