import { describe, expect, it } from '@jest/globals'
import { ERRORS, type ErrorCode, publicError, SyncError } from '../../../shared/errors.js'

describe('the table of errors', () => {
  it('has the statuses of the wire contract', () => {
    const statuses = Object.entries(ERRORS).map(([code, { status }]) => [code, status])
    expect(Object.fromEntries(statuses)).toMatchObject({
      invalid_request: 400,
      invalid_message: 400,
      invalid_cursor: 400,
      unauthorized: 401,
      forbidden: 403,
      not_found: 404,
      method_not_allowed: 405,
      too_large: 413,
      unsupported_media_type: 415,
      idempotency_conflict: 422,
      upgrade_required: 426,
      rate_limited: 429,
      internal: 500,
      unavailable: 503,
    })
  })

  it('never ends a socket for good but for a token that is wrong, or may not read at all', () => {
    const isFinal = (code: number) => code >= 4500
    const final = Object.entries(ERRORS).filter(([, { close }]) => isFinal(close.code))
    expect(final.map(([name]) => name)).toEqual(['unauthorized', 'forbidden'])
  })
})

describe('a SyncError', () => {
  it('carries its code, its status and its sentence', () => {
    const error = new SyncError('forbidden', 'broadcast needs the role "admin"')
    expect(error).toMatchObject({
      name: 'SyncError',
      code: 'forbidden',
      status: 403,
      message: 'broadcast needs the role "admin"',
    })
    expect(error).toBeInstanceOf(Error)
  })

  it('says when to come back if the server is unavailable, and only then by itself', () => {
    const codes = Object.keys(ERRORS) as ErrorCode[]
    const withRetry = codes.filter(
      (code) => new SyncError(code, '').retryAfterSeconds !== undefined,
    )
    expect(withRetry).toEqual(['unavailable'])
    expect(new SyncError('unavailable', '').retryAfterSeconds).toBe(1)
    expect(new SyncError('unavailable', '', { retryAfterSeconds: 9 }).retryAfterSeconds).toBe(9)
  })

  it('made of details has the first as its sentence and all of them beside it', () => {
    const details = [
      { path: 'type', message: 'must start with a letter' },
      { path: 'payload', message: 'is odd' },
    ]
    const error = SyncError.of('invalid_message', details)
    expect(error.message).toBe('type: must start with a letter')
    expect(error.details).toEqual(details)
    expect(SyncError.of('invalid_message', [{ path: '', message: 'is odd' }]).message).toBe(
      'is odd',
    )
  })
})

describe('what a stranger is told of a fault', () => {
  it('is a SyncError as it stands', () => {
    const error = new SyncError('forbidden', 'no')
    expect(publicError(error)).toBe(error)
  })

  it.each([
    new Error('connect ECONNREFUSED /var/run/secret.sock'),
    new TypeError("Cannot read properties of undefined (reading 'token')"),
    'secret',
    undefined,
    { code: 'forbidden', message: 'secret' },
  ])('is nothing but "internal" for %p', (fault) => {
    const told = publicError(fault)
    expect(told.code).toBe('internal')
    expect(told.details).toBeUndefined()
    expect(told.message).not.toMatch(/secret|token/)
  })
})
