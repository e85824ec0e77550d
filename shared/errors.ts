// The one table of what can go wrong: code, HTTP status, and whether trying again can help.

interface ErrorFacts {
  readonly status: number
  readonly isRetryable: boolean
}

export const ERRORS = {
  invalid_request: { status: 400, isRetryable: false },
  invalid_message: { status: 400, isRetryable: false },
  invalid_cursor: { status: 400, isRetryable: false },
  unauthorized: { status: 401, isRetryable: false },
  forbidden: { status: 403, isRetryable: false },
  not_found: { status: 404, isRetryable: false },
  method_not_allowed: { status: 405, isRetryable: false },
  too_large: { status: 413, isRetryable: false },
  unsupported_media_type: { status: 415, isRetryable: false },
  idempotency_conflict: { status: 422, isRetryable: false },
  upgrade_required: { status: 426, isRetryable: false },
  internal: { status: 500, isRetryable: true },
  unavailable: { status: 503, isRetryable: true },
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
}

/** An error that the caller is told as it stands: its message says what to do and gives nothing away. */
export class SyncError extends Error {
  override readonly name = 'SyncError'
  readonly code: ErrorCode
  readonly details: readonly ErrorDetail[] | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, message: string, options: SyncErrorOptions = {}) {
    super(message)
    this.code = code
    this.details = options.details
    this.retryAfterSeconds = options.retryAfterSeconds ?? (code === 'unavailable' ? 1 : undefined)
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

/** What a stranger may be told of any fault: a `SyncError` as it is, everything else as `internal`. */
export function publicError(error: unknown): SyncError {
  if (error instanceof SyncError) return error
  return new SyncError('internal', 'the server met a fault of its own; try again')
}
