// Tickets: for clients that can't set headers. Each is good for one connection, soon, and stands
// for the principal that asked for it, with its rights and its end. Only hashes are kept.

import { createHash, randomBytes } from 'node:crypto'
import { SyncError } from '../../shared/errors.js'
import type { Principal } from '../../shared/principal.js'
import { staleToken } from './Validity.js'

export const TICKET_TTL_MS = 30_000
export const MAX_TICKETS = 100_000
export const MAX_TICKETS_PER_PRINCIPAL = 100
const TICKET_BYTES = 32
const TICKET = /^[A-Za-z0-9_-]{43}$/

export interface Ticket {
  readonly ticket: string
  /** Unix milliseconds. */
  readonly expiresAt: number
}

/** Gives out tickets, and takes each of them once. */
export interface Tickets {
  /**
   * Rejects with `forbidden` for a service, which has nothing to open with it, `rate_limited` where
   * too many of the principal's wait, and `unavailable`.
   */
  issue(principal: Principal): Promise<Ticket>
  /** Whom it stands for, once. Rejects with `unauthorized`, or `unavailable`. */
  take(ticket: string): Promise<Principal>
}

/** One that nobody has, for who may have one. `wallNow`: Unix milliseconds. Throws `forbidden`. */
export function newTicket({ isService, expiresAt = Infinity }: Principal, wallNow: number): Ticket {
  if (isService) {
    throw new SyncError('forbidden', 'a service reads nothing, so a ticket would open nothing')
  }
  const ticket = randomBytes(TICKET_BYTES).toString('base64url')
  return { ticket, expiresAt: Math.min(wallNow + TICKET_TTL_MS, expiresAt) }
}

export const ticketHash = (ticket: string): string =>
  createHash('sha256').update(ticket).digest('base64url')

const TRY_LATER = { retryAfterSeconds: TICKET_TTL_MS / 1000 }

export function tooManyTickets(): SyncError {
  const message = `${MAX_TICKETS_PER_PRINCIPAL} of your tickets wait to be used; use some first`
  return new SyncError('rate_limited', message, TRY_LATER)
}

export function noMoreTickets(): SyncError {
  return new SyncError('unavailable', 'too many tickets wait to be used', TRY_LATER)
}

/** Whether this can ever have been one. */
export const looksLikeTicket = (text: string): boolean => TICKET.test(text)

/** What there is to say to a ticket that is not there. */
export function unknownTicket(ticket: string): SyncError {
  // One that may have been good once: a new one will do.
  if (looksLikeTicket(ticket)) return staleToken('ticket: unknown, used or expired; get a new one')
  return new SyncError('unauthorized', 'ticket: is not one that this server gives out')
}
