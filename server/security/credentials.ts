// Finds the credential that a request carries. One at most, and never read as absent because it
// is wrong: whoever shows something must have meant it.

import type { IncomingMessage } from 'node:http'
import { SyncError } from '../../shared/errors.js'
import { headerValues } from './headerValues.js'

export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'ticket'; readonly ticket: string }

/** Keeps no state from one text to the next, since each is decoded at once. */
const UTF8 = new TextDecoder('utf-8', { fatal: true })

export const NO_CREDENTIAL: Credential = { kind: 'none' }

/** The credential in a request's headers and query. Throws `unauthorized` or `invalid_request`. */
export function credentialOf(req: IncomingMessage, query: URLSearchParams): Credential {
  if (query.has('token')) {
    throw new SyncError(
      'invalid_request',
      'token: does not belong in a URL, where logs would keep it; send "Authorization: Bearer <token>"',
    )
  }
  const header = headerValues(req, 'authorization')
  const ticket = query.get('ticket')
  if (header.length === 0 && ticket === null) return NO_CREDENTIAL
  return oneOf([
    ...header.map((value): Credential => ({ kind: 'token', token: bearerToken(value) })),
    ticket === null ? NO_CREDENTIAL : { kind: 'ticket', ticket },
  ])
}

/** The single credential among these. Throws `invalid_request` where there are several. */
export function oneOf(credentials: readonly Credential[]): Credential {
  const shown = credentials.filter(({ kind }) => kind !== 'none')
  if (shown.length > 1) {
    throw new SyncError('invalid_request', 'send one credential: a token or a ticket, once')
  }
  return shown[0] ?? NO_CREDENTIAL
}

function bearerToken(header: string): string {
  const match = /^Bearer +(.+)$/i.exec(header)
  if (match?.[1] === undefined) {
    throw new SyncError('unauthorized', 'Authorization: must be "Bearer <token>"')
  }
  return fromHeader(match[1])
}

/** Node reads header bytes as Latin-1; clients write UTF-8, and ASCII is the same in both. */
export function fromHeader(text: string): string {
  try {
    return UTF8.decode(Buffer.from(text, 'latin1'))
  } catch {
    return text
  }
}
