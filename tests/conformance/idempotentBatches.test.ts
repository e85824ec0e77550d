import { describe, expect, it } from '@jest/globals'
import { person, publishedBy, readAddressed } from '../support/person.js'
import { SocketClient } from '../support/SocketClient.js'
import { target, unique } from './target.js'

const server = target()
const someone = (...roles: string[]) => person(server.url, unique('u'), roles)
const keyHeader = (key: string) => ({ 'Idempotency-Key': key })
const keyed = (key: string, payload: unknown = key) => ({
  type: 'test',
  payload,
  idempotencyKey: key,
})

interface Result {
  readonly messageId: string
  readonly cursor: string
  readonly duplicate: boolean
}

const duplicates = (results: readonly Result[]) => results.map(({ duplicate }) => duplicate)
const idsOf = (results: readonly Result[]) => results.map(({ messageId }) => messageId)

describe('where a key belongs', () => {
  it.each([
    ['without keys of its own', [{ type: 'test' }]],
    ['with keys of its own', [keyed('a')]],
  ])('is not the header of a batch %s', async (_what, messages) => {
    const { api } = someone()
    const { status, body } = await api.send({ messages }, keyHeader('k'))
    expect(status).toBe(400)
    expect(body.error.code).toMatch(/^invalid_(message|request)$/)
    expect(await readAddressed(api)).toEqual([])
  })

  it.each([
    ['send', {}],
    ['send', keyHeader('k')],
    ['broadcast', {}],
    ['broadcast', keyHeader('k')],
  ])('is not the body of a single %s with headers %j', async (route, headers) => {
    const reader = someone('admin')
    const published = await publishedBy(reader, async () => {
      const body = { ...keyed('k'), userId: reader.userId }
      const answer = await reader.api.request('POST', `/api/sync/${route}`, { body, headers })
      expect(answer.status).toBe(400)
      expect(answer.body.error.code).toMatch(/^invalid_(message|request)$/)
    })
    expect(published).toEqual([])
  })
})

describe('a batch with keys', () => {
  it('is 200 when all of it was published before', async () => {
    const { api } = someone()
    const messages = [keyed('a'), keyed('b')]
    const first = await api.send({ messages })
    expect(first.status).toBe(201)
    expect(duplicates(first.body.results)).toEqual([false, false])
    const second = await api.send({ messages })
    expect(second.status).toBe(200)
    expect(second.body.results).toEqual(
      first.body.results.map((result: Result) => ({ ...result, duplicate: true })),
    )
    expect(await readAddressed(api)).toHaveLength(2)
  })

  it('is 201 when some of it is new, and publishes that alone', async () => {
    const { api } = someone()
    const first = await api.send({ messages: [keyed('a'), keyed('b')] })
    const second = await api.send({ messages: [keyed('c'), keyed('b'), { type: 'test' }] })
    expect(second.status).toBe(201)
    expect(duplicates(second.body.results)).toEqual([false, true, false])
    expect(second.body.results[1].messageId).toBe(first.body.results[1].messageId)
    expect(second.body.results[1].cursor).toBe(first.body.results[1].cursor)
    const [c, , unkeyed] = idsOf(second.body.results)
    expect((await readAddressed(api)).map(({ id }) => id)).toEqual([
      ...idsOf(first.body.results),
      c,
      unkeyed,
    ])
  })

  it('is 201 again when it has no keys', async () => {
    const { api } = someone()
    for (const length of [2, 4]) {
      const { status } = await api.send({ messages: [{ type: 'test' }, { type: 'test' }] })
      expect(status).toBe(201)
      expect(await readAddressed(api)).toHaveLength(length)
    }
  })

  it('may hold a key twice with the same content: the second is a duplicate', async () => {
    const { api } = someone()
    const { status, body } = await api.send({ messages: [keyed('a'), keyed('b'), keyed('a')] })
    expect(status).toBe(201)
    expect(duplicates(body.results)).toEqual([false, false, true])
    expect(body.results[2].messageId).toBe(body.results[0].messageId)
    expect(body.results[2].cursor).toBe(body.results[0].cursor)
    expect((await readAddressed(api)).map(({ payload }) => payload)).toEqual(['a', 'b'])
  })

  it('is a conflict with a key twice and other content, and publishes nothing', async () => {
    const { api } = someone()
    const messages = [keyed('a', 1), { type: 'test' }, keyed('a', 2)]
    const { status, body } = await api.send({ messages })
    expect(status).toBe(422)
    expect(body.error.code).toBe('idempotency_conflict')
    expect(await readAddressed(api)).toEqual([])
  })

  it.each([0, 1, 2])('is a conflict as a whole when item %d is one', async (at) => {
    const { api } = someone()
    const original = await api.send({ messages: [keyed('used', 1)] })
    const messages = [keyed('a'), keyed('b')].toSpliced(at, 0, keyed('used', 2))
    const { status, body } = await api.send({ messages })
    expect(status).toBe(422)
    expect(body.error.code).toBe('idempotency_conflict')
    expect((await readAddressed(api)).map(({ id }) => id)).toEqual(idsOf(original.body.results))
  })

  it.each<[string, object, number]>([
    ['a conflict', keyed('used', 2), 422],
    ['malformed', { type: '1a' }, 400],
    ['forbidden', { type: 'test', userId: 'someone-else' }, 403],
  ])('uses up no key when it is refused because one item is %s', async (_what, bad, expected) => {
    const { api } = someone()
    await api.send({ messages: [keyed('used', 1)] })
    expect((await api.send({ messages: [keyed('a'), bad] })).status).toBe(expected)
    const { status, body } = await api.send({ messages: [keyed('a', 'other')] })
    expect(status).toBe(201)
    expect(duplicates(body.results)).toEqual([false])
  })

  it('shares its keys with single sends and frames', async () => {
    const { api, token } = someone()
    const socket = await SocketClient.connect(server.url, { token })
    const single = await api.send({ type: 'test', payload: 'a' }, keyHeader('a'))
    const framed = await socket.ask({ op: 'send', message: keyed('b') })
    const { status, body } = await api.send({ messages: [keyed('a'), keyed('b')] })
    expect(status).toBe(200)
    expect(idsOf(body.results)).toEqual([single.body.messageId, framed.messageId])
    expect(duplicates(body.results)).toEqual([true, true])
    await socket.close()
  })
})

describe('a broadcast with a key', () => {
  it('reaches no recipients when it is a duplicate', async () => {
    const { api } = someone('admin')
    const role = unique('role')
    const socket = await SocketClient.connect(server.url, { token: someone(role).token })
    const draft = { type: 'test', roles: [role] }
    const first = await api.broadcast(draft, keyHeader('k'))
    expect(first.body.recipients).toBe(1)
    const second = await api.broadcast(draft, keyHeader('k'))
    expect(second.status).toBe(200)
    expect(second.body).toMatchObject({
      success: true,
      messageId: first.body.messageId,
      cursor: first.body.cursor,
      duplicate: true,
      recipients: 0,
    })
    await socket.close()
  })

  it('to userIds publishes to each of them once', async () => {
    const { api } = someone('admin')
    const readers = [someone(), someone()]
    const draft = { type: 'test', userIds: readers.map(({ userId }) => userId) }
    const first = await api.broadcast(draft, keyHeader('k'))
    expect(first.status).toBe(201)
    const second = await api.broadcast(draft, keyHeader('k'))
    expect(second.status).toBe(200)
    expect(second.body).toMatchObject({
      duplicate: true,
      messageIds: first.body.messageIds,
      cursor: first.body.cursor,
      recipients: 0,
    })
    for (const reader of readers) expect(await readAddressed(reader.api)).toHaveLength(1)
  })

  it('to other userIds is a conflict, and reaches nobody', async () => {
    const { api } = someone('admin')
    const [one, two] = [someone(), someone()]
    const draft = { type: 'test', userIds: [one.userId] }
    expect((await api.broadcast(draft, keyHeader('k'))).status).toBe(201)
    const both = { ...draft, userIds: [one.userId, two.userId] }
    expect((await api.broadcast(both, keyHeader('k'))).status).toBe(422)
    expect(await readAddressed(two.api)).toEqual([])
  })
})
