// Tickets: for clients that can't set headers. Each is good for one connection, soon, and stands
// for the principal that asked for it, with its rights and its end. Only hashes are kept.

import { createHash, randomBytes } from 'node:crypto'
import { SyncError } from '../../shared/errors.js'
import { type Principal, principalKey } from '../../shared/principal.js'
import { staleToken } from './Validity.js'

const TICKET_TTL_MS = 30_000
const TICKET_BYTES = 32
const TICKET = /^[A-Za-z0-9_-]{43}$/
const MAX_TICKETS = 100_000
const MAX_TICKETS_PER_PRINCIPAL = 100

export interface Ticket {
  readonly ticket: string
  /** Unix milliseconds. */
  readonly expiresAt: number
}

interface Stub {
  readonly principal: Principal
  /** By a clock that never jumps. */
  readonly goodUntil: number
}

export class Tickets {
  readonly #wallNow: () => number
  readonly #monotonicNow: () => number
  /** By hash, the oldest first. */
  readonly #stubs = new Map<string, Stub>()
  readonly #counts = new Map<string, number>()

  constructor(clocks: { readonly wallNow: () => number; readonly monotonicNow: () => number }) {
    this.#wallNow = clocks.wallNow
    this.#monotonicNow = clocks.monotonicNow
  }

  /** Throws `forbidden` for a service, which has nothing to open with it, and `unavailable`. */
  issue(principal: Principal): Ticket {
    if (principal.isService) {
      throw new SyncError('forbidden', 'a service reads nothing, so a ticket would open nothing')
    }
    this.#forgetOld()
    const key = principalKey(principal)
    const count = this.#counts.get(key) ?? 0
    const retryAfterSeconds = TICKET_TTL_MS / 1000
    if (count >= MAX_TICKETS_PER_PRINCIPAL) {
      const message = `${MAX_TICKETS_PER_PRINCIPAL} of your tickets wait to be used; use some first`
      throw new SyncError('rate_limited', message, { retryAfterSeconds })
    }
    if (this.#stubs.size >= MAX_TICKETS) {
      throw new SyncError('unavailable', 'too many tickets wait to be used', { retryAfterSeconds })
    }
    const ticket = randomBytes(TICKET_BYTES).toString('base64url')
    const expiresAt = Math.min(this.#wallNow() + TICKET_TTL_MS, principal.expiresAt ?? Infinity)
    const goodUntil = this.#monotonicNow() + TICKET_TTL_MS
    this.#stubs.set(hashOf(ticket), { principal, goodUntil })
    this.#counts.set(key, count + 1)
    return { ticket, expiresAt }
  }

  /** Whom it stands for, once. Throws `unauthorized`. */
  take(ticket: string): Principal {
    const hash = hashOf(ticket)
    const stub = this.#stubs.get(hash)
    if (stub !== undefined) this.#drop(hash, stub)
    if (stub !== undefined && stub.goodUntil > this.#monotonicNow()) return stub.principal
    // One that may have been good once, perhaps on another node: a new one will do.
    if (TICKET.test(ticket)) throw staleToken('ticket: unknown, used or expired; get a new one')
    throw new SyncError('unauthorized', 'ticket: is not one that this server gives out')
  }

  #forgetOld(): void {
    const now = this.#monotonicNow()
    for (const [hash, stub] of this.#stubs) {
      if (stub.goodUntil > now) return
      this.#drop(hash, stub)
    }
  }

  #drop(hash: string, { principal }: Stub): void {
    this.#stubs.delete(hash)
    const key = principalKey(principal)
    const left = (this.#counts.get(key) ?? 1) - 1
    if (left === 0) this.#counts.delete(key)
    else this.#counts.set(key, left)
  }
}

const hashOf = (ticket: string): string => createHash('sha256').update(ticket).digest('base64url')
