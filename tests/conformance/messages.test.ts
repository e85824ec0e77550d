import { describe, expect, it } from '@jest/globals'
import { CURSOR, isLater, UUID_V7 } from '../support/patterns.js'
import { findMessage, person, publishedBy, readAddressed } from '../support/person.js'
import { doorNames, publishDoors } from '../support/publishDoors.js'
import { target, unique } from './target.js'

const server = target()
const someone = (...roles: string[]) => person(server.url, unique('u'), roles)

describe('a delivered message', () => {
  it('has a UUID v7 of the server’s own, made now', async () => {
    const { api } = someone()
    const { body } = await api.send({ type: 'test' })
    const message = await findMessage(api, body.messageId)
    expect(message.id).toMatch(UUID_V7)
    const madeAt = Number.parseInt(message.id.replaceAll('-', '').slice(0, 12), 16)
    expect(Math.abs(madeAt - message.timestamp)).toBeLessThan(60_000)
  })

  it('has the milliseconds of its cursor as its timestamp', async () => {
    const { api } = someone()
    await api.send({ messages: Array.from({ length: 20 }, () => ({ type: 'test' })) })
    const messages = await readAddressed(api)
    expect(messages).toHaveLength(20)
    for (const { cursor, timestamp } of messages) {
      expect(cursor).toMatch(CURSOR)
      expect(timestamp).toBe(Number(cursor.split('-')[0]))
    }
  })

  it('is told by the id and cursor that its publisher was answered', async () => {
    const { api } = someone()
    const { body } = await api.send({ type: 'test' })
    const message = await findMessage(api, body.messageId)
    expect(message.cursor).toBe(body.cursor)
  })

  it('has an id and a cursor that no other message has, in a total order', async () => {
    const { api } = someone()
    await api.send({ messages: Array.from({ length: 50 }, () => ({ type: 'test' })) })
    await api.send({ type: 'test' })
    const messages = await readAddressed(api)
    expect(new Set(messages.map(({ id }) => id)).size).toBe(51)
    for (const [index, { cursor }] of messages.entries()) {
      if (index > 0) expect(isLater(cursor, messages[index - 1].cursor)).toBe(true)
    }
  })

  it('holds the documented fields and no others', async () => {
    const { api, userId } = someone()
    const sent = await api.send({ type: 'data.updated', payload: { n: 1 } })
    expect(await readAddressed(api)).toEqual([
      {
        id: sent.body.messageId,
        type: 'data.updated',
        payload: { n: 1 },
        timestamp: expect.any(Number),
        cursor: sent.body.cursor,
        userId,
      },
    ])
  })
})

describe('type', () => {
  it.each([
    ['one letter', 'a'],
    ['one capital', 'Z'],
    ['a letter and digits', 'a1'],
    ['every separator', 'a.b_c:d-e'],
    ['a part that starts with a digit', 'a.1b'],
    ['128 characters', 'x'.repeat(128)],
    ['128 characters in parts', `${'x.'.repeat(63)}xx`],
    ['"sync" without a dot after it', 'sync'],
    ['a word that starts with "sync"', 'syncing.done'],
    ['"sync" as a later part', 'data.sync.done'],
    ['the name of a built-in property', 'constructor'],
  ])('may be %s', async (_what, type) => {
    const { api } = someone()
    expect((await api.send({ type })).status).toBe(201)
    expect(await readAddressed(api)).toEqual([expect.objectContaining({ type })])
  })

  it.each<[string, unknown]>([
    ['absent', undefined],
    ['null', null],
    ['a number', 5],
    ['a list', ['test']],
    ['empty', ''],
    ['129 characters', 'x'.repeat(129)],
    ['started by a digit', '1a'],
    ['started by a separator', '.a'],
    ['ended by a separator', 'a.'],
    ['two separators in a row', 'a..b'],
    ['two different separators in a row', 'a._b'],
    ['a space inside', 'a b'],
    ['a space before', ' a'],
    ['a line break after', 'a\n'],
    ['a letter outside ASCII', 'ä'],
    ['a slash', 'a/b'],
    ['a pattern', 'a.*'],
    ['the server’s own prefix', 'sync.resync'],
  ])('is refused with invalid_message when it is %s', async (_what, type) => {
    const reader = someone()
    const published = await publishedBy(reader, async () => {
      const { status, body } = await reader.api.send({ type, payload: reader.userId })
      expect(status).toBe(400)
      expect(body.error.code).toBe('invalid_message')
    })
    expect(published).toEqual([])
  })

  it.each(doorNames)('is checked at the door "%s"', async (door) => {
    const { token, userId } = someone('admin')
    const publish = publishDoors[door]
    const draft = (type: string) => ({ type, userId })
    for (const type of ['1a', 'sync.x', 'x'.repeat(129)]) {
      expect(await publish(server.url, token, draft(type))).toMatchObject({
        code: 'invalid_message',
      })
    }
    const { messageId } = await publish(server.url, token, draft('x'.repeat(128)))
    expect(messageId).toMatch(UUID_V7)
  })
})

describe('unknown fields', () => {
  const UNKNOWN = [
    'id',
    'timestamp',
    'cursor',
    'topic',
    'Topics',
    'user',
    'userid',
    'userIds',
    'role',
    'everyone',
    'ttl',
    'constructor',
  ]

  it.each(UNKNOWN)('make a publish with "%s" invalid', async (field) => {
    const reader = someone('admin')
    const published = await publishedBy(reader, async () => {
      const { status, body } = await reader.api.send({
        type: 'test',
        payload: reader.userId,
        [field]: ['x'],
      })
      expect(status).toBe(400)
      expect(body.error.code).toBe('invalid_message')
    })
    expect(published).toEqual([])
  })

  it('make a publish with "__proto__" invalid', async () => {
    const { api } = someone()
    const { status } = await api.send('{"type":"test","__proto__":{"userId":"x"}}')
    expect(status).toBe(400)
    expect(await readAddressed(api)).toEqual([])
  })

  it.each(doorNames)('are refused at the door "%s"', async (door) => {
    const reader = someone('admin')
    const draft = { type: 'test', userId: reader.userId, topic: 'batch:1' }
    const published = await publishedBy(reader, async () => {
      const { code } = await publishDoors[door](server.url, reader.token, draft)
      expect(code).toBe('invalid_message')
    })
    expect(published).toEqual([])
  })
})
