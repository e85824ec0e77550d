import { beforeEach, describe, expect, it } from '@jest/globals'
import { LocalTickets } from '../../../server/security/LocalTickets.js'
import { ann, issueMany, stale, tooMany, user } from '../../contracts/tickets/ticketsContract.js'

const TTL_MS = 30_000
const NOW_MS = 1_763_650_000_000
const clocks = { wall: NOW_MS, monotonic: 5000 }

let tickets: LocalTickets
beforeEach(() => {
  Object.assign(clocks, { wall: NOW_MS, monotonic: 5000 })
  tickets = new LocalTickets({ wallNow: () => clocks.wall, monotonicNow: () => clocks.monotonic })
})

const full = expect.objectContaining({ code: 'unavailable', retryAfterSeconds: 30 })

it('a ticket is good for 30 s by a clock that never jumps, be it used or not', async () => {
  const [used, late] = [await tickets.issue(ann), await tickets.issue(ann)]
  expect(used.expiresAt).toBe(NOW_MS + TTL_MS)
  clocks.wall += 3_600_000
  clocks.monotonic += TTL_MS - 1
  expect(await tickets.take(used.ticket)).toBe(ann)
  clocks.monotonic += 1
  await expect(tickets.take(late.ticket)).rejects.toEqual(stale)
  clocks.monotonic -= 1000
  await expect(tickets.take(late.ticket)).rejects.toEqual(stale)
})

describe('tickets that wait', () => {
  it('make room when they are over, used or not', async () => {
    await issueMany(tickets, ann, 100)
    clocks.monotonic += TTL_MS - 1
    await expect(tickets.issue(ann)).rejects.toEqual(tooMany)
    clocks.monotonic += 1
    await issueMany(tickets, ann, 100)
    await expect(tickets.issue(ann)).rejects.toEqual(tooMany)
  })

  it('are at most 100,000 in all', async () => {
    for (let index = 0; index < 1000; index += 1) await issueMany(tickets, user(`u${index}`), 100)
    await expect(tickets.issue(ann)).rejects.toEqual(full)
    clocks.monotonic += TTL_MS
    await tickets.issue(ann)
  })
})
