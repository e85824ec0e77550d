// What may come between two pages of a catch-up: evictions, topics dropped and added again, and
// more catch-ups than there is room for.

import { describe, expect, it } from '@jest/globals'
import { parseSince } from '../../../shared/cursor.js'
import { cursorOf, endOfTurn, type MemoryConnection, Stage } from './MemoryConnection.js'

const TOPIC = 't:a'
const PAGE = 100

function subscribe(connection: MemoryConnection, topic: string, since: string, ref = ''): void {
  connection.addAudiencesSince([topic], parseSince(since)!, (cursor, reason) =>
    connection.say('ok', { ref, cursor, resync: reason !== undefined, reason }),
  )
}

const ids = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `m${from + index}-0`)

const messagesOf = (connection: MemoryConnection) =>
  connection.frames.filter(({ op }) => op === 'message').map(({ message }) => message.id)

const answersOf = (connection: MemoryConnection) =>
  connection.frames.filter(({ op }) => op === 'ok').map(({ ref, reason }) => [ref, reason])

function takeAgain(connection: MemoryConnection): void {
  connection.hasRoom = () => true
  connection.roomAgain()
}

/** A log of 1001–1250 in one topic, and a connection whose catch-up has sent the first page. */
function halfway({ since = cursorOf(1000), kept = 10_000 } = {}) {
  const stage = new Stage({ maxMessagesPerAudience: kept })
  const connection = stage.open(['*'])
  for (let ms = 1001; ms <= 1250; ms += 1) stage.publish(ms, [TOPIC])
  connection.hasRoom = () => false
  subscribe(connection, TOPIC, since, 'first')
  expect(messagesOf(connection)).toHaveLength(PAGE)
  return { stage, connection }
}

describe('messages that are evicted between two pages of a catch-up', () => {
  it.each(['0', cursorOf(1000)])('since %s are told in its ok, once', (since) => {
    const { stage, connection } = halfway({ since, kept: 250 })
    for (let ms = 1251; ms <= 1380; ms += 1) stage.publish(ms, [TOPIC])
    takeAgain(connection)
    expect(messagesOf(connection)).toEqual([...ids(1001, 1100), ...ids(1131, 1380)])
    expect(answersOf(connection)).toEqual([['first', 'evicted']])
    expect(connection.told).not.toContain('resync')
  })

  it('are sent by another topic that still holds them, and whose turn comes later', () => {
    const stage = new Stage({ maxMessagesPerAudience: 250 })
    const connection = stage.open(['*'])
    const shared = new Set([1050, 1105])
    for (let ms = 1001; ms <= 1250; ms += 1) {
      stage.publish(ms, shared.has(ms) ? [TOPIC, 't:b'] : [TOPIC])
    }
    connection.hasRoom = () => false
    subscribe(connection, TOPIC, cursorOf(1000), 'first')
    subscribe(connection, 't:b', cursorOf(1000), 'second')
    for (let ms = 1251; ms <= 1380; ms += 1) stage.publish(ms, [TOPIC])
    takeAgain(connection)
    const expected = [...ids(1001, 1100), ...ids(1131, 1250), ...ids(1105, 1105)]
    expect(messagesOf(connection)).toEqual([...expected, ...ids(1251, 1380)])
    expect(answersOf(connection)).toEqual([
      ['first', 'evicted'],
      ['second', undefined],
    ])
  })

  it('are no loss where they were sent already', () => {
    const { stage, connection } = halfway({ since: '0', kept: 250 })
    for (let ms = 1251; ms <= 1350; ms += 1) stage.publish(ms, [TOPIC])
    takeAgain(connection)
    expect(messagesOf(connection)).toEqual(ids(1001, 1350))
    expect(answersOf(connection)).toEqual([['first', undefined]])
    expect(connection.told).not.toContain('resync')
  })

  it('are told where they expired, too', () => {
    const { stage, connection } = halfway({ since: '0' })
    stage.clock.ms = 2000
    takeAgain(connection)
    expect(messagesOf(connection)).toEqual(ids(1001, 1100))
    expect(answersOf(connection)).toEqual([['first', 'expired']])
  })
})

describe('a topic that is dropped and added again while its catch-up is under way', () => {
  it.each(['0', cursorOf(1000), cursorOf(1050)])(
    'since %s sends nothing twice and leaves nothing out',
    (since) => {
      const { stage, connection } = halfway()
      connection.removeAudiences([TOPIC])
      subscribe(connection, TOPIC, since, 'second')
      stage.publish(1251, [TOPIC])
      takeAgain(connection)
      stage.publish(1252, [TOPIC])
      expect(messagesOf(connection)).toEqual(ids(1001, 1252))
      expect(answersOf(connection)).toEqual([
        ['first', undefined],
        ['second', undefined],
      ])
    },
  )

  it('from a later cursor sends what comes after that', () => {
    const { connection } = halfway()
    connection.removeAudiences([TOPIC])
    subscribe(connection, TOPIC, cursorOf(1150), 'second')
    takeAgain(connection)
    expect(messagesOf(connection)).toEqual([...ids(1001, 1100), ...ids(1151, 1250)])
  })

  it('sends also what was published while it was dropped', () => {
    const { stage, connection } = halfway()
    connection.removeAudiences([TOPIC])
    for (let ms = 1251; ms <= 1260; ms += 1) stage.publish(ms, [TOPIC])
    subscribe(connection, TOPIC, cursorOf(1000), 'second')
    takeAgain(connection)
    stage.publish(1261, [TOPIC])
    // Blocked all the while, it stands where it stood: the ten come after its position, live.
    expect(messagesOf(connection)).toEqual(ids(1001, 1261))
  })

  it('without a since goes on from here, and what was under way ends', () => {
    const { stage, connection } = halfway()
    connection.removeAudiences([TOPIC])
    connection.addAudiences([TOPIC])
    takeAgain(connection)
    stage.publish(1251, [TOPIC])
    expect(messagesOf(connection)).toEqual([...ids(1001, 1100), 'm1251-0'])
    expect(answersOf(connection)).toEqual([['first', undefined]])
  })

  it('again and again, a page at a time, comes to the same', () => {
    const { stage, connection } = halfway()
    for (let round = 0; round < 10; round += 1) {
      connection.removeAudiences([TOPIC])
      subscribe(connection, TOPIC, cursorOf(1000), `again ${round}`)
      stage.publish(1251 + round, [TOPIC])
      let writes = 0
      connection.hasRoom = () => {
        writes += 1
        return writes < round % 3
      }
      connection.roomAgain()
    }
    takeAgain(connection)
    // Live ones wait behind catch-ups and are then in order; no id comes twice.
    const got = messagesOf(connection)
    expect(got.toSorted()).toEqual(ids(1001, 1260))
    expect(answersOf(connection).map(([ref]) => ref)).toEqual([
      'first',
      ...Array.from({ length: 10 }, (_, round) => `again ${round}`),
    ])
  })
})

describe('catch-ups that are not finished', () => {
  it('are at most sixteen: one more is refused, changes nothing, and is taken later', async () => {
    const { stage, connection } = halfway()
    const topics = Array.from({ length: 16 }, (_, index) => `t:other${index}`)
    for (const topic of topics.slice(0, 15)) subscribe(connection, topic, '0', topic)
    const refused = topics[15]!
    for (let attempt = 0; attempt < 100; attempt += 1) {
      expect(() => subscribe(connection, refused, '0', refused)).toThrow(/subscriptions/)
    }
    stage.publish(1300, [refused])
    takeAgain(connection)
    await endOfTurn()
    expect(answersOf(connection)).toHaveLength(16)
    expect(messagesOf(connection)).toEqual(ids(1001, 1250))
    subscribe(connection, refused, '0', refused)
    expect(messagesOf(connection).at(-1)).toBe('m1300-0')
    expect(answersOf(connection).at(-1)).toEqual([refused, undefined])
  })
})
