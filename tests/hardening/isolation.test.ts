// Two hundred users, roles and topics with hostile names, on all transports: each gets all that is
// theirs, and nothing else. With SOAK=1, ten times as much.

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type Answer, Api } from '../support/Api.js'
import { CountingReader, READER_TRANSPORTS } from '../support/CountingReader.js'
import { knockAtSocket } from '../support/doors.js'
import { expectError } from '../support/expectError.js'
import {
  HOSTILE_NAMES,
  HOSTILE_TOPICS,
  REFUSED_NAMES,
  REFUSED_TOPICS,
} from '../support/hostileNames.js'
import { closeOpenClients } from '../support/openClients.js'
import { pseudoRandom } from '../support/pseudoRandom.js'
import { type ServerProcess, startServerProcess } from '../support/serverProcess.js'
import { SECRET, signed } from '../support/signedTokens.js'
import { waitFor } from '../support/waitFor.js'

const DELIVERIES = process.env.SOAK === '1' ? 10_000_000 : 1_000_000
const GROUPS = 5
const BATCH = 100
/** A role that all of them hold, so that what is for all can go out a hundred at a time, too. */
const OF_ALL = 'everyone'

/** Who holds what. A name is a user's here, a role of another there, and a topic of a third. */
const users = HOSTILE_NAMES.map((userId, index) => ({
  userId,
  roles: [at(HOSTILE_NAMES, index + 67), HOSTILE_NAMES[index % GROUPS]!, OF_ALL].filter(isNoAdmin),
  topics: [...new Set([at(HOSTILE_TOPICS, index + 31), HOSTILE_TOPICS[index % GROUPS]!])],
}))
type Held = 'roles' | 'topics'

function at(names: readonly string[], index: number): string {
  return names[index % names.length]!
}

function isNoAdmin(role: string): boolean {
  return role !== 'admin' && role !== 'service'
}

const holdersOf = (kind: Held, name: string): number[] =>
  users.flatMap((user, index) => (user[kind].includes(name) ? [index] : []))

interface Planned {
  readonly audience: object
  readonly readers: readonly number[]
}

/** To all by their role, to a fifth of them by a role or topic, to the few with another, to one. */
function plan(random: () => number): Planned {
  const any = (names: readonly string[]) => names[Math.floor(random() * names.length)]!
  const to = (kind: Held, names: string[]): Planned => ({
    audience: { [kind]: names },
    readers: [...new Set(names.flatMap((name) => holdersOf(kind, name)))],
  })
  const dice = random()
  if (dice < 0.1) return to('roles', [OF_ALL])
  if (dice < 0.4) return to('roles', [HOSTILE_NAMES[Math.floor(random() * GROUPS)]!])
  if (dice < 0.7) return to('topics', [HOSTILE_TOPICS[Math.floor(random() * GROUPS)]!])
  if (dice < 0.8) return to('roles', [any(HOSTILE_NAMES), any(HOSTILE_NAMES)])
  if (dice < 0.9) return to('topics', [any(HOSTILE_TOPICS), any(HOSTILE_TOPICS)])
  const userId = any(HOSTILE_NAMES)
  return { audience: { userId }, readers: [HOSTILE_NAMES.indexOf(userId)] }
}

const TO_EVERYONE: Planned = { audience: {}, readers: users.map((_, index) => index) }

let server: ServerProcess
let publisher: Api
beforeAll(async () => {
  server = await startServerProcess({
    AUTH_JWT_SECRET: SECRET,
    RATE_LIMIT_ADMIN_MAX: '0',
    RATE_LIMIT_SERVICE_MAX: '0',
    RATE_LIMIT_READ_MAX: '0',
    MAX_MESSAGES_PER_AUDIENCE: '1000000',
    LOG_LEVEL: 'error',
  })
  publisher = new Api(server.url, await signed({ sub: 'publisher', roles: ['service'] }))
})
afterEach(closeOpenClients)
afterAll(() => server?.kill())

describe('users with hostile names', () => {
  it('are two hundred different ones, also where many of them look the same', () => {
    expect(users).toHaveLength(200)
    const folded = HOSTILE_NAMES.map((name) => name.normalize('NFKC').toLowerCase().trim())
    expect(new Set(folded).size).toBeLessThan(180)
  })

  it(
    'get what is theirs and nothing else, in a million deliveries over all transports',
    async () => {
      const mine = users.map(() => new Set<number>())
      const readers = await Promise.all(
        users.map(async ({ topics, ...user }, index) =>
          CountingReader.open({
            url: server.url,
            token: await signed({ sub: user.userId, roles: user.roles, topics }),
            topics,
            transport: READER_TRANSPORTS[index % READER_TRANSPORTS.length]!,
            isMine: (n) => mine[index]!.has(n),
          }),
        ),
      )
      const startedAt = performance.now()
      try {
        const published = await publishAll(mine)
        const isDone = () => readers.every(({ last }) => last === published - 1)
        await waitFor('everybody to have the last message', isDone, DELIVERIES / 10)
      } finally {
        for (const reader of readers) reader.close()
      }
      const seconds = (performance.now() - startedAt) / 1000
      report(readers, seconds)
      expect(sum(readers, 'foreign')).toBe(0)
      expect(sum(readers, 'misplaced')).toBe(0)
      expect(sum(readers, 'resyncs')).toBe(0)
      expect(readers.map(({ received }) => received)).toEqual(mine.map(({ size }) => size))
      expect(sum(readers, 'received')).toBeGreaterThanOrEqual(DELIVERIES)
    },
    DELIVERIES / 4,
  )
})

/** Publishes until there are enough, at last one to everybody. Says how many messages that were. */
async function publishAll(mine: readonly Set<number>[]): Promise<number> {
  const random = pseudoRandom(5)
  let published = 0
  let deliveries = 0
  const numbered = ({ audience, readers }: Planned) => {
    for (const reader of readers) mine[reader]!.add(published)
    deliveries += readers.length
    published += 1
    return { type: 'n', payload: published - 1, ...audience }
  }
  const require201 = ({ status, body }: Answer) => {
    if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`)
  }
  while (deliveries < DELIVERIES) {
    const messages = Array.from({ length: BATCH }, () => numbered(plan(random)))
    require201(await publisher.send({ messages }))
    require201(await publisher.broadcast(numbered(TO_EVERYONE)))
  }
  return published
}

const sum = (
  readers: readonly CountingReader[],
  key: 'received' | 'foreign' | 'misplaced' | 'resyncs',
) => readers.reduce((total, reader) => total + reader[key], 0)

function report(readers: readonly CountingReader[], seconds: number): void {
  const each = READER_TRANSPORTS.map((name) => {
    const those = readers.filter(({ transport }) => transport === name)
    return `${name} ${sum(those, 'received')}`
  })
  const text = `isolation: ${sum(readers, 'received')} deliveries (${each.join(', ')}) in ${seconds.toFixed(1)} s, ${sum(readers, 'foreign')} foreign`
  process.stdout.write(`${text}\n`)
}

describe('names that the contract refuses', () => {
  it.each(REFUSED_NAMES.map((name) => [JSON.stringify(name).slice(0, 40), name]))(
    'are no user’s and no role’s: %s',
    async (_shown, name) => {
      for (const claims of [{ sub: name }, { sub: 'ann', roles: [name] }]) {
        const token = await signed(claims)
        expectError(await new Api(server.url, token).poll(), 401, 'unauthorized')
        expect(await knockAtSocket(server.url, { token })).toBe(4501)
      }
      for (const audience of [{ userId: name }, { roles: [name] }, { roles: ['a', name] }]) {
        expectError(await publisher.send({ type: 'a', ...audience }), 400, 'invalid_message')
        expectError(await publisher.broadcast({ type: 'a', ...audience }), 400, 'invalid_message')
        expectError(await publisher.force(audience), 400, 'invalid_request')
      }
      const userIds = { type: 'a', userIds: ['a', name] }
      expectError(await publisher.broadcast(userIds), 400, 'invalid_message')
    },
  )

  it.each(REFUSED_TOPICS.map((name) => [JSON.stringify(name).slice(0, 40), name]))(
    'are no topic’s: %s',
    async (_shown, name) => {
      const token = await signed({ sub: 'ann', topics: { subscribe: ['*'], publish: ['*'] } })
      const api = new Api(server.url, token)
      expectError(await api.poll({ topics: name }), 400, 'invalid_request')
      const path = `/api/sync/stream?topics=${encodeURIComponent(name)}`
      expectError(await api.request('GET', path), 400, 'invalid_request')
      expect(await knockAtSocket(server.url, { token, topics: [name] })).toBe(4400)
      expectError(await api.send({ type: 'a', topics: [name] }), 400, 'invalid_message')
    },
  )
})
