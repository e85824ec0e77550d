import { beforeEach, describe, expect, it } from '@jest/globals'
import { Tickets } from '../../../server/security/Tickets.js'
import { CLOSE } from '../../../shared/closeCodes.js'
import type { Principal } from '../../../shared/principal.js'

const TTL_MS = 30_000
const NOW_MS = 1_763_650_000_000
const clocks = { wall: NOW_MS, monotonic: 5000 }
const user = (userId: string, more: Partial<Principal> = {}): Principal => ({
  userId,
  roles: ['ops'],
  topics: { subscribe: ['a'], publish: [] },
  ...more,
})
const ann = user('ann')

let tickets: Tickets
beforeEach(() => {
  Object.assign(clocks, { wall: NOW_MS, monotonic: 5000 })
  tickets = new Tickets({ wallNow: () => clocks.wall, monotonicNow: () => clocks.monotonic })
})

const stale = expect.objectContaining({ code: 'unauthorized', close: CLOSE.staleToken })
const full = expect.objectContaining({ code: 'unavailable', retryAfterSeconds: 30 })
const tooMany = expect.objectContaining({ code: 'rate_limited', retryAfterSeconds: 30 })

describe('a ticket', () => {
  it('stands for who asked for it, as it was then, once', () => {
    const { ticket } = tickets.issue(ann)
    expect(tickets.take(ticket)).toBe(ann)
    expect(() => tickets.take(ticket)).toThrow(stale as unknown as Error)
    expect(() => tickets.take(ticket)).toThrow(/^ticket: unknown, used or expired/)
  })

  it('is good for 30 s by a clock that never jumps, be it used or not', () => {
    const [used, late] = [tickets.issue(ann), tickets.issue(ann)]
    expect(used.expiresAt).toBe(NOW_MS + TTL_MS)
    clocks.wall += 3_600_000
    clocks.monotonic += TTL_MS - 1
    expect(tickets.take(used.ticket)).toBe(ann)
    clocks.monotonic += 1
    expect(() => tickets.take(late.ticket)).toThrow(stale as unknown as Error)
    clocks.monotonic -= 1000
    expect(() => tickets.take(late.ticket)).toThrow(stale as unknown as Error)
  })

  it('says that it ends no later than the token it was given for', () => {
    const expiresAt = NOW_MS + 10_000
    expect(tickets.issue(user('bob', { expiresAt })).expiresAt).toBe(expiresAt)
    const later = { expiresAt: NOW_MS + 60_000 }
    expect(tickets.issue(user('bob', later)).expiresAt).toBe(NOW_MS + TTL_MS)
  })

  it('keeps the end and the names that the token had, so that they end it, too', () => {
    const bearer = user('bob', { expiresAt: NOW_MS + 1, issuedAt: NOW_MS, tokenId: 't' })
    expect(tickets.take(tickets.issue(bearer).ticket)).toEqual(bearer)
  })

  it('has 256 random bits, in letters that a URL takes', () => {
    const given = Array.from({ length: 100 }, () => tickets.issue(ann).ticket)
    for (const ticket of given) expect(ticket).toMatch(/^[\w-]{43}$/)
    expect(new Set(given).size).toBe(100)
    const firsts = new Set(given.map((ticket) => ticket.slice(0, 6)))
    expect(firsts.size).toBe(100)
  })

  it('is nothing but itself', () => {
    const { ticket } = tickets.issue(ann)
    const invalid = expect.objectContaining({ code: 'unauthorized', close: CLOSE.invalidToken })
    for (const other of [
      '',
      ' ',
      ticket.slice(0, -1),
      `${ticket} `,
      `${ticket}=`,
      'x'.repeat(60_000),
      '__proto__',
    ]) {
      expect(() => tickets.take(other)).toThrow(invalid as unknown as Error)
    }
    // What looks like one may have been good once, on another node perhaps.
    const other = ticket.startsWith('A') ? `B${ticket.slice(1)}` : `A${ticket.slice(1)}`
    expect(() => tickets.take(other)).toThrow(stale as unknown as Error)
    expect(tickets.take(ticket)).toBe(ann)
  })

  it('is not for a service, which reads nothing', () => {
    const service = user('ann', { isService: true })
    expect(() => tickets.issue(service)).toThrow(expect.objectContaining({ code: 'forbidden' }))
  })
})

describe('tickets that wait', () => {
  const issue = (principal: Principal, count: number) =>
    Array.from({ length: count }, () => tickets.issue(principal).ticket)

  it('are at most a hundred of one user, which are nothing to another', () => {
    const [first = ''] = issue(ann, 100)
    expect(() => tickets.issue(ann)).toThrow(tooMany as unknown as Error)
    tickets.issue(user('bob'))
    tickets.take(first)
    tickets.issue(ann)
    expect(() => tickets.issue(ann)).toThrow(tooMany as unknown as Error)
  })

  it('make room when they are over, used or not', () => {
    issue(ann, 100)
    clocks.monotonic += TTL_MS - 1
    expect(() => tickets.issue(ann)).toThrow(tooMany as unknown as Error)
    clocks.monotonic += 1
    issue(ann, 100)
    expect(() => tickets.issue(ann)).toThrow(tooMany as unknown as Error)
  })

  it('are not made room for by attempts at tickets that are over, or at none', () => {
    const [first = ''] = issue(ann, 100)
    tickets.take(first)
    for (let attempt = 0; attempt < 10; attempt += 1) {
      expect(() => tickets.take(first)).toThrow(stale as unknown as Error)
    }
    tickets.issue(ann)
    expect(() => tickets.issue(ann)).toThrow(tooMany as unknown as Error)
  })

  it('are at most 100,000 in all', () => {
    for (let index = 0; index < 1000; index += 1) issue(user(`u${index}`), 100)
    expect(() => tickets.issue(ann)).toThrow(full as unknown as Error)
    clocks.monotonic += TTL_MS
    tickets.issue(ann)
  })
})
