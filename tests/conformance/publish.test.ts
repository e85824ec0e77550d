import { describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { CURSOR, isLater, UUID_V7 } from '../support/patterns.js'
import { findMessage, type Person, person, publishedBy, readAddressed } from '../support/person.js'
import { doorNames, publishDoors } from '../support/publishDoors.js'
import { SocketClient } from '../support/SocketClient.js'
import { target, unique } from './target.js'

const server = target()
const someone = (...roles: string[]) => person(server.url, unique('u'), roles)

const drafts = (count: number, userId?: string) =>
  Array.from({ length: count }, (_, n) => ({ type: 't', payload: n, ...(userId && { userId }) }))

describe('a single send', () => {
  it('is answered 201 with the id and cursor of the message', async () => {
    const { api } = someone()
    const { status, body } = await api.send({ type: 'test', payload: { message: 'Hello' } })
    expect(status).toBe(201)
    expect(body).toEqual({
      success: true,
      messageId: expect.stringMatching(UUID_V7),
      cursor: expect.stringMatching(CURSOR),
      timestamp: expect.any(Number),
      duplicate: false,
    })
  })

  it('is in the log once it is answered', async () => {
    const { api, userId } = someone()
    for (const n of [1, 2, 3]) {
      const { body } = await api.send({ type: 'test', payload: n })
      expect((await readAddressed(api)).at(-1)).toMatchObject({
        id: body.messageId,
        cursor: body.cursor,
        payload: n,
        userId,
      })
    }
  })

  it('publishes the same content anew each time, without a key', async () => {
    const { api } = someone()
    const first = await api.send({ type: 'test' })
    const second = await api.send({ type: 'test' })
    expect(second.status).toBe(201)
    expect((await readAddressed(api)).map(({ id }) => id)).toEqual([
      first.body.messageId,
      second.body.messageId,
    ])
  })

  it('goes to "anonymous" from one without a token', async () => {
    const { status, body } = await new Api(server.url).send({ type: 'test' })
    expect(status).toBe(201)
    const message = await findMessage(person(server.url, 'anonymous').api, body.messageId)
    expect(message.userId).toBe('anonymous')
  })
})

describe('a send frame', () => {
  it('is answered ok with the id and cursor of the message', async () => {
    const { api, token, userId } = someone()
    const socket = await SocketClient.connect(server.url, { token })
    const answer = await socket.ask({ op: 'send', message: { type: 'test', payload: 1 } })
    expect(answer).toMatchObject({
      op: 'ok',
      messageId: expect.stringMatching(UUID_V7),
      cursor: expect.stringMatching(CURSOR),
      duplicate: false,
    })
    expect(await findMessage(api, answer.messageId)).toMatchObject({ userId, payload: 1 })
    await socket.close()
  })

  it.each<[string, unknown]>([
    ['absent', undefined],
    ['null', null],
    ['a list', [{ type: 'test' }]],
    ['text', 'test'],
    ['a batch', { messages: [{ type: 'test' }] }],
  ])('with a message that is %s is an error, and the connection stays', async (_what, message) => {
    const { api, token } = someone()
    const socket = await SocketClient.connect(server.url, { token })
    const answer = await socket.ask({ op: 'send', message })
    expect(answer).toMatchObject({ op: 'error', code: expect.stringMatching(/^invalid_/) })
    expect(await socket.ask({ op: 'ping' })).toMatchObject({ op: 'ok' })
    expect(await readAddressed(api)).toEqual([])
    await socket.close()
  })
})

describe('a batch', () => {
  it('is answered 201 with a result for each message, in order', async () => {
    const { api } = someone()
    const { status, body } = await api.send({ messages: drafts(3) })
    expect(status).toBe(201)
    const result = {
      messageId: expect.stringMatching(UUID_V7),
      cursor: expect.stringMatching(CURSOR),
      duplicate: false,
    }
    expect(body).toEqual({
      success: true,
      results: [result, result, result],
      cursor: body.results[2].cursor,
      timestamp: expect.any(Number),
    })
    expect(
      (await readAddressed(api)).map(({ id, cursor, payload }) => [id, cursor, payload]),
    ).toEqual(
      body.results.map(({ messageId, cursor }: Record<string, string>, n: number) => [
        messageId,
        cursor,
        n,
      ]),
    )
  })

  it.each([1, 100])('may hold %d', async (count) => {
    const { api } = someone()
    const { status, body } = await api.send({ messages: drafts(count) })
    expect(status).toBe(201)
    expect(body.results).toHaveLength(count)
    expect((await readAddressed(api)).map(({ payload }) => payload)).toEqual([
      ...Array(count).keys(),
    ])
  })

  it('keeps its order over several audiences', async () => {
    const { api, userId } = someone('admin')
    const topic = unique('topic')
    const messages = drafts(20).map((draft, n) =>
      n % 2 === 0 ? { ...draft, userId } : { ...draft, topics: [topic] },
    )
    const { body } = await api.send({ messages })
    const cursors: string[] = body.results.map(({ cursor }: { cursor: string }) => cursor)
    for (const [index, cursor] of cursors.slice(1).entries()) {
      expect(isLater(cursor, cursors[index] ?? '')).toBe(true)
    }
    const read = await readAddressed(api, { topics: [topic] })
    expect(read.map(({ payload }) => payload)).toEqual([...messages.keys()])
  })

  it.each<[string, unknown]>([
    ['empty', []],
    ['of 101', drafts(101)],
    ['null', null],
    ['an object', { 0: { type: 'test' } }],
    ['text', 'test'],
  ])('is refused when its list is %s', async (_what, messages) => {
    const { api } = someone()
    const { status, body } = await api.send({ messages })
    expect(status).toBe(400)
    expect(body.error.code).toMatch(/^invalid_(request|message)$/)
    expect(await readAddressed(api)).toEqual([])
  })

  it.each([
    ['type', 'test'],
    ['userId', 'u'],
    ['topics', ['a']],
    ['Messages', []],
  ])('is refused with "%s" beside its list', async (field, value) => {
    const { api } = someone('admin')
    const { status } = await api.send({ messages: drafts(1), [field]: value })
    expect(status).toBe(400)
    expect(await readAddressed(api)).toEqual([])
  })

  it.each<[string, unknown, number, string]>([
    ['a bad type', { type: '1a' }, 400, 'invalid_message'],
    ['an unknown field', { type: 'test', topic: 'a' }, 400, 'invalid_message'],
    ['an empty audience', { type: 'test', topics: [] }, 400, 'invalid_message'],
    ['no message at all', null, 400, 'invalid_message'],
    ['text', 'test', 400, 'invalid_message'],
    ['another list', { messages: [{ type: 'test' }] }, 400, 'invalid_message'],
    ['an audience that is not the sender’s', { type: 'test', userId: 'x' }, 403, 'forbidden'],
  ])('is published wholly or not: one item is %s', async (_what, bad, status, code) => {
    for (const at of [0, 5, 10]) {
      const reader = someone()
      const published = await publishedBy(reader, async () => {
        const messages = drafts(10, reader.userId)
        const answer = await reader.api.send({ messages: messages.toSpliced(at, 0, bad as never) })
        expect(answer.status).toBe(status)
        expect(answer.body.error.code).toBe(code)
      })
      expect(published).toEqual([])
    }
  })
})

describe('one without the role admin', () => {
  const others: [string, (self: Person) => object][] = [
    ['another user', () => ({ userId: unique('other') })],
    ['another user, with labels', () => ({ userId: unique('other'), topics: [unique('t')] })],
    ['roles', () => ({ roles: [unique('role')] })],
    ['roles of its own', () => ({ roles: ['editor'] })],
    ['a topic', () => ({ topics: [unique('topic')] })],
    ['a topic named as itself', ({ userId }) => ({ topics: [userId] })],
    ['a user named as a star', () => ({ userId: '*' })],
  ]

  it.each(others)('may not publish to %s', async (_what, audienceOf) => {
    const self = someone('editor')
    const fields: { topics?: string[] } = audienceOf(self)
    const draft = { type: 'test', payload: self.userId, ...fields }
    const published = await publishedBy(
      self,
      async () => {
        for (const door of doorNames) {
          const { code } = await publishDoors[door](server.url, self.token, draft)
          expect(code).toBe('forbidden')
        }
        expect((await self.api.send(draft)).status).toBe(403)
      },
      fields.topics,
    )
    expect(published).toEqual([])
  })

  it.each(['send', 'batch', 'frame'] as const)(
    'may publish to its own userId by name at the door "%s"',
    async (door) => {
      const { token, userId, api } = someone('editor')
      const publish = publishDoors[door]
      const { messageId = '' } = await publish(server.url, token, { type: 'test', userId })
      expect(await findMessage(api, messageId)).toMatchObject({ userId })
    },
  )

  it.each([
    ['a header that names a user', { 'X-User-Id': 'someone-else', 'X-User': 'someone-else' }, ''],
    ['a header that names a role', { 'X-Role': 'admin', 'X-Roles': 'admin' }, ''],
    ['a query that names a user', {}, '?userId=someone-else'],
    ['a query that names a role', {}, '?roles=admin&role=admin'],
  ])('is who its token says, whatever %s', async (_what, headers, query) => {
    const self = someone()
    const path = `/api/sync/send${query}`
    const body = { type: 'test', payload: self.userId }
    const own = await self.api.request('POST', path, { body, headers })
    expect(own.status).toBe(201)
    expect(await findMessage(self.api, own.body.messageId)).toMatchObject({ userId: self.userId })
    const toOther = { ...body, userId: 'someone-else' }
    expect((await self.api.request('POST', path, { body: toOther, headers })).status).toBe(403)
  })
})
