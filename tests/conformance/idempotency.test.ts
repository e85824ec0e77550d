import { describe, expect, it } from '@jest/globals'
import { findMessage, isAddressed, person, publishedBy, readAddressed } from '../support/person.js'
import { doorNames, publishDoors } from '../support/publishDoors.js'
import { SocketClient } from '../support/SocketClient.js'
import { target, unique } from './target.js'

const server = target()
const someone = (...roles: string[]) => person(server.url, unique('u'), roles)
const keyHeader = (key: string) => ({ 'Idempotency-Key': key })

type DoorName = (typeof doorNames)[number]

const pairsOfDoors: [DoorName, DoorName][] = doorNames.flatMap((first) =>
  doorNames.map((second): [DoorName, DoorName] => [first, second]),
)
const doorsOf = ([first, second]: [DoorName, DoorName]) =>
  [publishDoors[first], publishDoors[second]] as const

const statusDoors = ['send', 'batch', 'broadcast'] as const

describe('a publish with a key that was used', () => {
  it.each(pairsOfDoors)('is a duplicate with the same content: %s, then %s', async (...names) => {
    const { token, userId, api } = someone('admin')
    const draft = { type: 'test', payload: { n: 1 }, userId }
    const [first, second] = doorsOf(names)
    const original = await first(server.url, token, draft, 'k')
    expect(original).toMatchObject({ duplicate: false, messageId: expect.any(String) })
    const { messageId, cursor } = original
    expect(await second(server.url, token, draft, 'k')).toMatchObject({
      duplicate: true,
      messageId,
      cursor,
    })
    const own = await readAddressed(api)
    expect(own.map(({ id }) => id)).toEqual([messageId])
  })

  it.each(pairsOfDoors)('is a conflict with other content: %s, then %s', async (...names) => {
    const { token, userId, api } = someone('admin')
    const draft = { type: 'test', payload: { n: 1 }, userId }
    const [first, second] = doorsOf(names)
    const { messageId } = await first(server.url, token, draft, 'k')
    const other = await second(server.url, token, { ...draft, payload: { n: 2 } }, 'k')
    expect(other.code).toBe('idempotency_conflict')
    const again = await first(server.url, token, draft, 'k')
    expect(again).toMatchObject({ duplicate: true, messageId })
    const own = await readAddressed(api)
    expect(own.map(({ id }) => id)).toEqual([messageId])
  })

  it.each(statusDoors)('is told by the status at the door "%s"', async (door) => {
    const { token, userId } = someone('admin')
    const publish = publishDoors[door]
    const draft = { type: 'test', userId }
    expect((await publish(server.url, token, draft, 'k')).status).toBe(201)
    expect((await publish(server.url, token, draft, 'k')).status).toBe(200)
    const other = { ...draft, type: 'other' }
    expect((await publish(server.url, token, other, 'k')).status).toBe(422)
  })

  it('is answered in the form of the first, but for "duplicate"', async () => {
    const { api } = someone()
    const first = await api.send({ type: 'test' }, keyHeader('k'))
    const second = await api.send({ type: 'test' }, keyHeader('k'))
    expect(second.body).toEqual({
      success: true,
      messageId: first.body.messageId,
      cursor: first.body.cursor,
      timestamp: expect.any(Number),
      duplicate: true,
    })
  })

  it('is published once however many come at the same time', async () => {
    const { api } = someone()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => api.send({ type: 'test' }, keyHeader('k'))),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(19).fill(200), 201])
    expect(new Set(answers.map(({ body }) => body.messageId)).size).toBe(1)
    expect(await readAddressed(api)).toHaveLength(1)
  })

  it('does not reach live connections again', async () => {
    const { api, token } = someone()
    const socket = await SocketClient.connect(server.url, { token })
    await api.send({ type: 'test' }, keyHeader('k'))
    await api.send({ type: 'test' }, keyHeader('k'))
    await socket.ask({ op: 'send', message: { type: 'test', idempotencyKey: 'k' } })
    await api.send({ type: 'marker' })
    await socket.frames.next('the marker', ({ message }) => message?.type === 'marker')
    expect(socket.messages.filter(isAddressed).map(({ type }) => type)).toEqual(['test', 'marker'])
    await socket.close()
  })

  it.each(doorNames)('never shows its key in the message: %s', async (door) => {
    const { token, userId, api } = someone('admin')
    const key = unique('key')
    const { messageId } = await publishDoors[door](server.url, token, { type: 'test', userId }, key)
    const message = await findMessage(api, messageId ?? '')
    expect(JSON.stringify(message)).not.toContain(key)
  })
})

describe('content', () => {
  const resolved: [string, (self: string) => object, (self: string) => object][] = [
    ['its own userId is named or left out', () => ({}), (self) => ({ userId: self })],
    ['a payload is an equal one', () => ({ payload: [1, 'a'] }), () => ({ payload: [1, 'a'] })],
  ]

  it.each(resolved)('is the same when %s', async (_what, first, second) => {
    const { api, userId } = someone()
    const draft = { type: 'test' }
    const original = await api.send({ ...draft, ...first(userId) }, keyHeader('k'))
    expect(original.status).toBe(201)
    const again = await api.send({ ...draft, ...second(userId) }, keyHeader('k'))
    expect(again.status).toBe(200)
    expect(again.body.messageId).toBe(original.body.messageId)
  })

  const topics = [unique('topic')]
  const roles = [unique('role')]
  const other: [string, object, object][] = [
    ['the type differs', { type: 'a' }, { type: 'b' }],
    ['the payload differs', { payload: { n: 1 } }, { payload: { n: 2 } }],
    ['the payload differs in its kind alone', { payload: 1 }, { payload: '1' }],
    ['the payload has one more key', { payload: {} }, { payload: { a: null } }],
    [
      'a payload has an own __proto__',
      { payload: {} },
      { payload: JSON.parse('{"__proto__":{}}') },
    ],
    ['one has a payload', {}, { payload: { n: 1 } }],
    ['the audience is another user', {}, { userId: unique('other') }],
    ['the audience is roles', {}, { roles }],
    ['the audience is topics', {}, { topics }],
    ['the roles differ', { roles }, { roles: [unique('role')] }],
    ['there is one more topic', { topics }, { topics: [...topics, unique('topic')] }],
  ]

  it.each(other)('is other content when %s', async (_what, first, second) => {
    const { api } = someone('admin')
    expect((await api.send({ type: 'test', ...first }, keyHeader('k'))).status).toBe(201)
    const { status, body } = await api.send({ type: 'test', ...second }, keyHeader('k'))
    expect(status).toBe(422)
    expect(body.error.code).toBe('idempotency_conflict')
  })

  it('is other content where another route has another default audience', async () => {
    const { api } = someone('admin')
    expect((await api.send({ type: 'test' }, keyHeader('k'))).status).toBe(201)
    expect((await api.broadcast({ type: 'test' }, keyHeader('k'))).status).toBe(422)
  })
})

describe('a key', () => {
  it('is scoped to the userId of the publisher', async () => {
    const [one, two] = [someone('admin'), someone('admin')]
    const draft = { type: 'test', userId: one.userId }
    const answers = [
      await one.api.send(draft, keyHeader('k')),
      await two.api.send(draft, keyHeader('k')),
      await two.api.send({ ...draft, type: 'other' }, keyHeader('k2')),
      await one.api.send({ ...draft, type: 'another' }, keyHeader('k2')),
    ]
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201])
  })

  it('is the same for another token of the same user', async () => {
    const plain = someone()
    const admin = person(server.url, plain.userId, ['admin'])
    const first = await plain.api.send({ type: 'test' }, keyHeader('k'))
    const second = await admin.api.send({ type: 'test' }, keyHeader('k'))
    expect(second.status).toBe(200)
    expect(second.body.messageId).toBe(first.body.messageId)
  })

  it.each(doorNames)('may have 1 to 128 characters at the door "%s"', async (door) => {
    const { token, userId } = someone('admin')
    const publish = publishDoors[door]
    for (const key of ['k', '0', 'x'.repeat(128), '__proto__', 'constructor', 'a:b c/*']) {
      const draft = { type: 'test', userId }
      expect(await publish(server.url, token, draft, key)).toMatchObject({ duplicate: false })
      expect(await publish(server.url, token, draft, key)).toMatchObject({ duplicate: true })
    }
  })

  it.each(doorNames)('is refused empty or too long at the door "%s"', async (door) => {
    const reader = someone('admin')
    const published = await publishedBy(reader, async () => {
      for (const key of ['', 'x'.repeat(129)]) {
        const draft = { type: 'test', userId: reader.userId }
        const { code } = await publishDoors[door](server.url, reader.token, draft, key)
        expect(code).toMatch(/^invalid_(message|request)$/)
      }
    })
    expect(published).toEqual([])
  })

  it.each([[5], [null], [true], [['k']], [{}]])('is refused as %j', async (idempotencyKey) => {
    const reader = someone()
    const message = { type: 'test', payload: reader.userId, idempotencyKey }
    const socket = await SocketClient.connect(server.url, { token: reader.token })
    const published = await publishedBy(reader, async () => {
      expect((await reader.api.send({ messages: [message] })).status).toBe(400)
      const answer = await socket.ask({ op: 'send', message })
      expect(answer).toMatchObject({ op: 'error', code: 'invalid_message' })
    })
    expect(published).toEqual([])
    await socket.close()
  })

  it.each([
    ['malformed', { type: '1a' }, 400],
    ['forbidden', { type: 'test', userId: 'someone-else' }, 403],
  ])('is not used up by a publish that was %s', async (_what, refused, status) => {
    const { api } = someone()
    expect((await api.send(refused, keyHeader('k'))).status).toBe(status)
    expect((await api.send({ type: 'test' }, keyHeader('k'))).status).toBe(201)
  })
})
