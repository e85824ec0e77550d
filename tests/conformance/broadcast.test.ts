import { describe, expect, it } from '@jest/globals'
import { expectError } from '../support/expectError.js'
import { CURSOR, UUID_V7 } from '../support/patterns.js'
import { findMessage, type Person, person, publishedBy, readAddressed } from '../support/person.js'
import { target, unique } from './target.js'

const server = target()
const someone = (...roles: string[]) => person(server.url, unique('u'), roles)

/** Short names that no other test uses. */
const userIdsOf = (count: number): string[] => {
  const stem = unique('')
  return Array.from({ length: count }, (_, index) => `${stem}${index}`)
}

describe('a broadcast', () => {
  it('is answered 201 with how many connections it reached', async () => {
    const { api } = someone('admin')
    const { status, body } = await api.broadcast({ type: 'test', roles: [unique('role')] })
    expect(status).toBe(201)
    expect(body).toMatchObject({
      success: true,
      messageId: expect.stringMatching(UUID_V7),
      cursor: expect.stringMatching(CURSOR),
      timestamp: expect.any(Number),
      recipients: 0,
    })
  })

  it('may come from one with several roles, admin among them', async () => {
    const { api } = someone('editor', 'admin', 'viewer')
    expect((await api.broadcast({ type: 'test' })).status).toBe(201)
  })

  it.each([
    [[]],
    [['editor']],
    [['nonadmin']],
    [['administrator']],
    [['Admin']],
    [['ADMIN']],
    [['super admin']],
  ])('is forbidden to one with the roles %j', async (roles) => {
    const self = someone(...roles)
    const published = await publishedBy(self, async () => {
      for (const audience of [{}, { userId: self.userId }, { userIds: [self.userId] }]) {
        const draft = { type: 'test', payload: self.userId, ...audience }
        const { status, body } = await self.api.broadcast(draft)
        expect(status).toBe(403)
        expect(body.error.code).toBe('forbidden')
      }
    })
    expect(published).toEqual([])
  })

  it.each([
    ['is not JSON', '{"type":'],
    ['is no message', '[]'],
    ['is too large', JSON.stringify({ type: 'test', payload: 'x'.repeat(1 << 20) })],
  ])('is forbidden to one without the role admin, also where its body %s', async (_what, body) => {
    expectError(await someone('editor').api.broadcast(body), 403, /^forbidden$/)
  })

  it('publishes one message, not a batch', async () => {
    const self = someone('admin')
    const published = await publishedBy(self, async () => {
      const messages = [{ type: 'test', payload: self.userId }]
      expect((await self.api.broadcast({ messages })).status).toBe(400)
    })
    expect(published).toEqual([])
  })
})

describe('a broadcast to userIds', () => {
  const readers = (userIds: readonly string[]): Person[] =>
    userIds.map((userId) => person(server.url, userId))

  it('publishes one message to each and answers their ids in order', async () => {
    const { api } = someone('admin')
    const userIds = userIdsOf(5).reverse()
    const { status, body } = await api.broadcast({ type: 'test', payload: 'p', userIds })
    expect(status).toBe(201)
    expect(body.success).toBe(true)
    expect(body.messageIds).toHaveLength(5)
    expect(new Set(body.messageIds).size).toBe(5)
    for (const [index, reader] of readers(userIds).entries()) {
      const message = await findMessage(reader.api, body.messageIds[index])
      expect(message).toEqual({
        id: body.messageIds[index],
        type: 'test',
        payload: 'p',
        timestamp: expect.any(Number),
        cursor: expect.stringMatching(CURSOR),
        userId: userIds[index],
      })
      if (index === 4) expect(body.cursor).toBe(message.cursor)
    }
  })

  it('gives each user its own message alone', async () => {
    const { api } = someone('admin')
    const userIds = userIdsOf(3)
    const { body } = await api.broadcast({ type: 'test', userIds })
    for (const [index, reader] of readers(userIds).entries()) {
      const ids = (await readAddressed(reader.api)).map(({ id }) => id)
      expect(ids.filter((id) => body.messageIds.includes(id))).toEqual([body.messageIds[index]])
    }
  })

  it('takes 1,000 of them', async () => {
    const { api } = someone('admin')
    const userIds = userIdsOf(1000)
    const { status, body } = await api.broadcast({ type: 'test', userIds })
    expect(status).toBe(201)
    expect(new Set(body.messageIds).size).toBe(1000)
    const [last] = readers(userIds.slice(-1))
    expect(await findMessage(last!.api, body.messageIds[999])).toMatchObject({
      cursor: body.cursor,
    })
  })

  it.each<[string, (self: string) => object]>([
    ['there are 1,001', (self) => ({ userIds: [...userIdsOf(1000), self] })],
    ['there are none', () => ({ userIds: [] })],
    ['they are null', () => ({ userIds: null })],
    ['they are text', (self) => ({ userIds: self })],
    ['one is empty', (self) => ({ userIds: [self, ''] })],
    ['one is null', (self) => ({ userIds: [self, null] })],
    ['one is too long', (self) => ({ userIds: [self, 'x'.repeat(129)] })],
    ['one has a control character', (self) => ({ userIds: [self, 'a\nb'] })],
    ['userId is beside them', (self) => ({ userIds: [self], userId: self })],
    ['roles are beside them', (self) => ({ userIds: [self], roles: ['editor'] })],
    ['topics are beside them', (self) => ({ userIds: [self], topics: ['a'] })],
  ])('is refused and delivered to nobody when %s', async (_what, audienceOf) => {
    const reader = someone()
    const published = await publishedBy(reader, async () => {
      const draft = { type: 'test', payload: reader.userId, ...audienceOf(reader.userId) }
      const { status, body } = await someone('admin').api.broadcast(draft)
      expect(status).toBe(400)
      expect(body.error.code).toMatch(/^invalid_(message|request)$/)
    })
    expect(published).toEqual([])
  })

  it('is still bound by the size of a body', async () => {
    const { api } = someone('admin')
    const userIds = userIdsOf(1000).map((userId) => userId.padEnd(100, 'x'))
    const { status, body } = await api.broadcast({ type: 'test', userIds })
    expect(status).toBe(413)
    expect(body.error.code).toBe('too_large')
    const [first] = readers(userIds)
    expect(await readAddressed(first!.api)).toEqual([])
  })
})
