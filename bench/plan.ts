// What is published in a measurement, when, and to whom: known to peers and harness alike, so that
// every single delivery can be accounted for.

/** A client reads none of these rooms, its user's, or a user's, two roles' and three topics'. */
export type Rooms = 'none' | 'user' | 'mixed'

export interface Plan {
  /** Turns of the event loop in which something is published. */
  readonly ticks: number
  /** Messages in each of them. */
  readonly perTick: number
  /** Ticks in a row before a pause. */
  readonly burst: number
  /** From the beginning of one burst to that of the next, at least. The same for all peers. */
  readonly pauseMs: number
  /** `none`: to everyone; else to one room after the other. */
  readonly rooms: Rooms
  readonly clients: number
}

const ROLES = 20
const TOPICS = 500

/** What every message carries: 200 bytes as JSON. */
export const PAYLOAD = { text: 'x'.repeat(200 - '{"text":""}'.length) }
export const PAYLOAD_BYTES = JSON.stringify(PAYLOAD).length
/** Of every message, where a peer has types. */
export const TYPE = 'bench.tick'

/** The rooms of one client: two of 20 roles, and three of 500 topics. */
export function roomsOf(client: number, rooms: Rooms): readonly string[] {
  if (rooms === 'none') return []
  const user = `user:${client}`
  if (rooms === 'user') return [user]
  const role = client % ROLES
  const otherRole = (role + 1 + (Math.floor(client / ROLES) % (ROLES - 1))) % ROLES
  const topics = [0, 1, 2].map((offset) => `topic:${(client * 3 + offset) % TOPICS}`)
  return [user, `role:${role}`, `role:${otherRole}`, ...topics]
}

/** The room of the nth message of a plan; `undefined` is everyone. */
export function roomOf(n: number, { rooms, clients }: Pick<Plan, 'rooms' | 'clients'>) {
  if (rooms === 'none') return undefined
  // A stride without a common factor, so that neighbours don't follow each other.
  const user = `user:${(n * 7919) % clients}`
  if (rooms === 'user') return user
  const turn = Math.floor(n / 3)
  return [user, `role:${turn % ROLES}`, `topic:${(turn * 7) % TOPICS}`][n % 3]
}

/** How many messages of the plan each client is to get. */
export function expectedOf(plan: Plan): number[] {
  const messages = plan.ticks * plan.perTick
  if (plan.rooms === 'none') return Array.from({ length: plan.clients }, () => messages)
  const published = new Map<string, number>()
  for (let n = 0; n < messages; n += 1) {
    const room = roomOf(n, plan) ?? ''
    published.set(room, (published.get(room) ?? 0) + 1)
  }
  return Array.from({ length: plan.clients }, (_, client) =>
    roomsOf(client, plan.rooms).reduce((sum, room) => sum + (published.get(room) ?? 0), 0),
  )
}
