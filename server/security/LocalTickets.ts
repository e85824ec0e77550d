// Tickets in this process's memory.

import { type Principal, principalKey } from '../../shared/principal.js'
import {
  MAX_TICKETS,
  MAX_TICKETS_PER_PRINCIPAL,
  newTicket,
  noMoreTickets,
  TICKET_TTL_MS,
  type Ticket,
  type Tickets,
  ticketHash,
  tooManyTickets,
  unknownTicket,
} from './Tickets.js'

interface Stub {
  readonly principal: Principal
  /** By a clock that never jumps. */
  readonly goodUntil: number
}

export class LocalTickets implements Tickets {
  readonly #wallNow: () => number
  readonly #monotonicNow: () => number
  /** By hash, the oldest first. */
  readonly #stubs = new Map<string, Stub>()
  readonly #counts = new Map<string, number>()

  constructor(clocks: { readonly wallNow: () => number; readonly monotonicNow: () => number }) {
    this.#wallNow = clocks.wallNow
    this.#monotonicNow = clocks.monotonicNow
  }

  async issue(principal: Principal): Promise<Ticket> {
    const ticket = newTicket(principal, this.#wallNow())
    this.#forgetOld()
    const key = principalKey(principal)
    const count = this.#counts.get(key) ?? 0
    if (count >= MAX_TICKETS_PER_PRINCIPAL) throw tooManyTickets()
    if (this.#stubs.size >= MAX_TICKETS) throw noMoreTickets()
    const goodUntil = this.#monotonicNow() + TICKET_TTL_MS
    this.#stubs.set(ticketHash(ticket.ticket), { principal, goodUntil })
    this.#counts.set(key, count + 1)
    return ticket
  }

  async take(ticket: string): Promise<Principal> {
    const hash = ticketHash(ticket)
    const stub = this.#stubs.get(hash)
    if (stub !== undefined) this.#drop(hash, stub)
    if (stub !== undefined && stub.goodUntil > this.#monotonicNow()) return stub.principal
    throw unknownTicket(ticket)
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
