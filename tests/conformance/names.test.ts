import { describe, expect, it } from '@jest/globals'
import { findMessage, person, publishedBy } from '../support/person.js'
import { doorNames, publishDoors } from '../support/publishDoors.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { target, unique } from './target.js'

const server = target()
const someone = (...roles: string[]) => person(server.url, unique('u'), roles)

/** Names of `length` characters that no other test uses. */
const topicsOf = (length: number, count: number): string[] => {
  const stem = unique('t')
  return Array.from({ length: count }, (_, index) => `${stem}.${index}.`.padEnd(length, 'x'))
}

/** 4,096 bytes when joined with commas. */
const largestTopics = () => [...topicsOf(200, 20), ...topicsOf(76, 1)]

/** Over 4,096 bytes however they are joined. */
const tooLargeTopics = () => topicsOf(200, 21)

const VALID_TOPICS: [string, () => string[]][] = [
  ['of one letter', () => ['a']],
  ['of one digit', () => ['0']],
  ['with every separator, also at its end', () => [`${unique('B')}.b_c:d-:`]],
  ['of 200 characters', () => topicsOf(200, 1)],
  ['fifty times', () => topicsOf(30, 50)],
  ['of 4,096 bytes together', largestTopics],
]

const INVALID_TOPICS: [string, () => string[]][] = [
  ['of 201 characters', () => topicsOf(201, 1)],
  ['that is a star', () => ['*']],
  ['that is a pattern', () => ['batch:*']],
  ['that starts with a separator', () => [':a']],
  ['that starts with an underscore', () => ['_a']],
  ['with a space', () => ['a b']],
  ['with a slash', () => ['a/b']],
  ['with a letter outside ASCII', () => ['ä']],
  ['with a line break at its end', () => ['a\n']],
  ['that is bad beside a good one', () => ['good', 'b*d']],
  ['fifty-one times', () => topicsOf(30, 51)],
  ['over 4,096 bytes together', tooLargeTopics],
]

describe('topics of a message', () => {
  it.each(VALID_TOPICS)('may be a name %s', async (_what, makeTopics) => {
    const topics = makeTopics()
    const { status, body } = await someone('admin').api.send({ type: 'test', topics })
    expect(status).toBe(201)
    const { api } = someone()
    expect(await findMessage(api, body.messageId, topics.slice(-1))).toMatchObject({ topics })
  })

  it.each<[string, () => unknown]>([
    ...INVALID_TOPICS,
    ['that is empty', () => ['']],
    ['that is two with a comma', () => ['a,b']],
    ['that is null', () => [null]],
    ['that is a number', () => [5]],
    ['outside a list', () => 'batch:1'],
    ['inside an object', () => ({ 0: 'batch:1' })],
  ])('are refused with a name %s', async (_what, makeTopics) => {
    const { api } = someone('admin')
    const { status, body } = await api.send({ type: 'test', topics: makeTopics() })
    expect(status).toBe(400)
    expect(body.error.code).toBe('invalid_message')
  })

  it.each(doorNames)('are checked at the door "%s"', async (door) => {
    const { token } = someone('admin')
    for (const topics of [['*'], topicsOf(201, 1), topicsOf(30, 51), tooLargeTopics()]) {
      const { code } = await publishDoors[door](server.url, token, { type: 'test', topics })
      expect(code).toBe('invalid_message')
    }
    const topics = topicsOf(30, 50)
    const { messageId } = await publishDoors[door](server.url, token, { type: 'test', topics })
    expect(messageId).toEqual(expect.any(String))
  })
})

describe('topics of a reader', () => {
  it.each(VALID_TOPICS)('may be a name %s on every transport', async (_what, makeTopics) => {
    const topics = makeTopics()
    const { api, token } = someone()
    expect((await api.poll({ topics: topics.join(',') })).status).toBe(200)
    const stream = await StreamClient.open(server.url, {
      token,
      query: { topics: topics.join(',') },
    })
    expect(stream.response.statusCode).toBe(200)
    stream.close()
    const socket = await SocketClient.connect(server.url, { token, topics })
    expect(new Set(socket.connected.topics)).toEqual(new Set(topics))
    await socket.close()
  })

  it.each(INVALID_TOPICS)('are refused by a poll with a name %s', async (_what, makeTopics) => {
    const { status, body } = await someone().api.poll({ topics: makeTopics().join(',') })
    expect(status).toBe(400)
    expect(body.error.code).toBe('invalid_request')
  })

  it.each(INVALID_TOPICS)('are refused by a stream with a name %s', async (_what, makeTopics) => {
    const { token } = someone()
    const query = { topics: makeTopics().join(',') }
    const stream = await StreamClient.open(server.url, { token, query })
    expect(stream.response.statusCode).toBe(400)
    stream.close()
  })

  it.each(INVALID_TOPICS)('are refused by a socket with a name %s', async (_what, makeTopics) => {
    const { token } = someone()
    const socket = await SocketClient.connect(server.url, { token })
    const answer = await socket.ask({ op: 'subscribe', topics: makeTopics() })
    expect(answer).toMatchObject({ op: 'error', code: 'invalid_request' })
    expect(await socket.ask({ op: 'ping' })).toMatchObject({ op: 'ok' })
    await socket.close()
  })
})

describe.each(['userId', 'role'])('a name as %s', (kind) => {
  const audienceOf = (name: unknown) => (kind === 'userId' ? { userId: name } : { roles: [name] })
  const tokenOf = (name: string) =>
    (kind === 'userId' ? person(server.url, name) : someone(name)).token

  it.each([
    ['one character', 'a'],
    ['128 characters', 'n'.repeat(128)],
    ['a star', '*'],
    ['a pattern', 'u*'],
    ['a space inside', 'a b'],
    ['letters outside ASCII', 'Zoë-名前'],
    ['the name of a prototype', '__proto__'],
    ['the name of a built-in property', 'constructor'],
  ])('may be %s, and is just that name', async (_what, name) => {
    const { status, body } = await someone('admin').api.send({ type: 'test', ...audienceOf(name) })
    expect(status).toBe(201)
    // A token goes into a frame here, since headers hold no letters outside Latin-1.
    const holder = await SocketClient.connect(server.url, { token: tokenOf(name), since: '0' })
    const { message } = await holder.frames.next(
      'the message',
      (frame) => frame.message?.id === body.messageId,
    )
    expect(message).toMatchObject(audienceOf(name))
    await holder.close()
    expect(await findMessage(someone('other').api, body.messageId)).toBeUndefined()
  })

  it.each<[string, unknown]>([
    ['empty', ''],
    ['129 characters', 'n'.repeat(129)],
    ['a line break', 'a\nb'],
    ['a NUL', 'a\u0000'],
    ['a DEL', 'a\u007f'],
    ['a C1 control', 'a\u0085'],
    ['a number', 5],
    ['null', null],
    ['a list', [['a']]],
    ['an object', { name: 'a' }],
  ])('is refused when it is or has %s', async (_what, name) => {
    const reader = someone('admin')
    const published = await publishedBy(reader, async () => {
      const draft = { type: 'test', payload: reader.userId, ...audienceOf(name) }
      const { status, body } = await reader.api.send(draft)
      expect(status).toBe(400)
      expect(body.error.code).toBe('invalid_message')
    })
    expect(published).toEqual([])
  })
})
