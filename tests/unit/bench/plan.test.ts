// What a plan says of its deliveries is what the bench holds every peer to.

import { describe, expect, it } from '@jest/globals'
import { expectedOf, PAYLOAD_BYTES, type Plan, roomOf, roomsOf } from '../../../bench/plan.js'

const plan: Plan = {
  ticks: 600,
  perTick: 1,
  burst: 3,
  pauseMs: 1,
  rooms: 'mixed',
  clients: 5000,
}

describe('a plan', () => {
  it('carries 200 bytes', () => {
    expect(PAYLOAD_BYTES).toBe(200)
  })

  it('gives each client a user, two of 20 roles and three of 500 topics', () => {
    const all = Array.from({ length: 5000 }, (_, client) => roomsOf(client, 'mixed'))
    expect(all.every((rooms) => new Set(rooms).size === 6)).toBe(true)
    const sizes = new Map<string, number>()
    for (const room of all.flat()) sizes.set(room, (sizes.get(room) ?? 0) + 1)
    const of = (kind: string) => [...sizes].filter(([room]) => room.startsWith(kind))
    expect([of('user').length, of('role').length, of('topic').length]).toEqual([5000, 20, 500])
    expect(of('topic').every(([, size]) => size === 30)).toBe(true)
  })

  it('expects of each client what is published to its rooms', () => {
    const small = { ...plan, clients: 300 }
    const published = Array.from({ length: small.ticks }, (_, n) => roomOf(n, small) ?? '')
    const counted = Array.from({ length: small.clients }, (_, client) => {
      const rooms = new Set(roomsOf(client, 'mixed'))
      return published.filter((room) => rooms.has(room)).length
    })
    expect(expectedOf(small)).toEqual(counted)
  })

  it('sends to one user after the other, and to everyone', () => {
    const users = { ...plan, rooms: 'user' as const, ticks: 5000 }
    expect(expectedOf(users)).toEqual(Array.from({ length: 5000 }, () => 1))
    expect(expectedOf({ ...plan, rooms: 'none', clients: 2 })).toEqual([600, 600])
  })
})
