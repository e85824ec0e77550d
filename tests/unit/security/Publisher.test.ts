import { describe, expect, it } from '@jest/globals'
import { authorizeByGrants } from '../../../server/security/access.js'
import { isBatch, Publisher } from '../../../server/security/Publisher.js'
import type { RealtimeSyncService } from '../../../server/services/RealtimeSyncService.js'
import type { AudienceFields } from '../../../shared/audience.js'
import { SyncError } from '../../../shared/errors.js'
import type { KeyedDraft } from '../../../shared/message.js'
import type { Principal } from '../../../shared/principal.js'

interface Appended {
  readonly drafts: readonly KeyedDraft[]
  readonly keyScope: string
  readonly userIds?: readonly string[]
}

/** A publisher over a service that writes down what it is asked to append. */
function createPublisher(isAccepting = true) {
  const appended: Appended[] = []
  const forced: AudienceFields[] = []
  const published = { messageId: 'm', cursor: 'c', timestamp: 1, isDuplicate: false, recipients: 0 }
  const sync = {
    async append(drafts: readonly KeyedDraft[], keyScope: string) {
      appended.push({ drafts, keyScope })
      return drafts.map(() => published)
    },
    async appendCounted(draft: KeyedDraft, keyScope: string) {
      appended.push({ drafts: [draft], keyScope })
      return published
    },
    async appendToEach(userIds: readonly string[], draft: KeyedDraft, keyScope: string) {
      appended.push({ drafts: [draft], keyScope, userIds })
      return { ...published, messageIds: userIds }
    },
    async forceResync(audience: AudienceFields) {
      forced.push(audience)
      return { cursor: 'c', recipients: 0 }
    },
  } as unknown as RealtimeSyncService
  const publisher = new Publisher({
    sync,
    authorizeTopic: authorizeByGrants,
    gate: {
      assertAccepting() {
        if (!isAccepting) throw new SyncError('unavailable', 'stopping')
      },
    },
  })
  return { publisher, appended, forced }
}

const ann: Principal = {
  userId: 'ann',
  roles: ['ops'],
  topics: { subscribe: ['*'], publish: ['news', 'batch:*'] },
}
const admin: Principal = { ...ann, userId: 'root', roles: ['admin'] }
const message = { type: 'test' }
const fails = (code: string, more = {}) => expect.objectContaining({ code, ...more })

describe('sending', () => {
  it('goes to the sender itself where no audience is named', async () => {
    const { publisher, appended } = createPublisher()
    await publisher.send(ann, { ...message, payload: 1 }, 'k1')
    await publisher.sendKeyed(ann, { ...message, idempotencyKey: 'k2' })
    await publisher.send(admin, message)
    const drafts = appended.map(({ drafts: [draft], keyScope }) => ({ ...draft, keyScope }))
    expect(drafts).toEqual([
      { type: 'test', payload: 1, userId: 'ann', idempotencyKey: 'k1', keyScope: 'ann' },
      { type: 'test', userId: 'ann', idempotencyKey: 'k2', keyScope: 'ann' },
      { type: 'test', userId: 'root', keyScope: 'root' },
    ])
  })

  it.each([
    [{ userId: 'ann' }],
    [{ userId: 'ann', topics: ['secret'], roles: ['ops'] }],
    [{ topics: ['news', 'batch:7'] }],
  ])('to %j is allowed to anybody with the grant', async (audience) => {
    const { publisher, appended } = createPublisher()
    await publisher.send(ann, { ...message, ...audience })
    expect(appended[0]?.drafts[0]).toMatchObject(audience)
  })

  it.each([
    [{ userId: 'bob' }],
    [{ userId: 'bob', topics: ['news'] }],
    [{ roles: ['ops'] }],
    [{ roles: ['ops'], topics: ['news'] }],
    [{ topics: ['secret'] }],
    [{ topics: ['news', 'secret'] }],
    [{ topics: ['newsroom'] }],
  ])('to %j needs the role admin', async (audience) => {
    const { publisher, appended } = createPublisher()
    const draft = { ...message, ...audience }
    await expect(publisher.send(ann, draft)).rejects.toEqual(fails('forbidden'))
    await expect(publisher.sendKeyed(ann, draft)).rejects.toEqual(fails('forbidden'))
    await expect(publisher.sendBatch(ann, { messages: [message, draft] })).rejects.toEqual(
      fails('forbidden'),
    )
    const alike = { ...ann, roles: ['nonadmin', 'Admin', 'admins'] }
    await expect(publisher.send(alike, draft)).rejects.toEqual(fails('forbidden'))
    expect(appended).toEqual([])
    await publisher.send(admin, draft)
    expect(appended).toHaveLength(1)
  })

  it.each([
    ['an unknown field', { ...message, to: 'bob' }, undefined, 'invalid_message'],
    ['a key in the body', { ...message, idempotencyKey: 'k' }, undefined, 'invalid_message'],
    ['nothing', undefined, undefined, 'invalid_message'],
    ['an empty key', message, '', 'invalid_request'],
    ['a key that is too long', message, 'k'.repeat(129), 'invalid_request'],
  ])('%s is refused', async (_, body, key, code) => {
    const { publisher, appended } = createPublisher()
    await expect(publisher.send(ann, body, key)).rejects.toEqual(fails(code))
    expect(appended).toEqual([])
  })
})

describe('a batch', () => {
  it('is appended as one, each message with its own audience and key', async () => {
    const { publisher, appended } = createPublisher()
    const messages = [
      { ...message, idempotencyKey: 'k' },
      { ...message, topics: ['news'] },
    ]
    expect(await publisher.sendBatch(ann, { messages })).toHaveLength(2)
    expect(appended).toEqual([
      {
        keyScope: 'ann',
        drafts: [
          { type: 'test', idempotencyKey: 'k', userId: 'ann' },
          { type: 'test', topics: ['news'] },
        ],
      },
    ])
  })

  it('may have up to 100 messages', async () => {
    const { publisher } = createPublisher()
    const messages = Array.from({ length: 100 }, () => message)
    expect(await publisher.sendBatch(ann, { messages })).toHaveLength(100)
    await expect(publisher.sendBatch(ann, { messages: [...messages, message] })).rejects.toEqual(
      fails('invalid_request'),
    )
  })

  it.each([
    { messages: [] },
    { messages: {} },
    { messages: null },
    { messages: [message], userId: 'ann' },
    { messages: [message], type: 'test' },
  ])('is not %j', async (body) => {
    const { publisher } = createPublisher()
    await expect(publisher.sendBatch(ann, body)).rejects.toEqual(fails('invalid_request'))
  })

  it('is refused as a whole, with the place of what is wrong', async () => {
    const { publisher, appended } = createPublisher()
    const messages = [message, { type: '1' }]
    await expect(publisher.sendBatch(ann, { messages })).rejects.toEqual(
      fails('invalid_message', { message: 'messages.1.type: must start with a letter' }),
    )
    expect(appended).toEqual([])
  })

  it.each([
    [{ messages: [] }, true],
    [{ type: 'a' }, false],
    [[], false],
    [null, false],
    [undefined, false],
    ['messages', false],
    [Object.create({ messages: [] }), false],
  ])('is told from a message: %j is one: %p', (body, expected) => {
    expect(isBatch(body)).toBe(expected)
  })
})

describe('a broadcast', () => {
  it('is for admins alone, who is refused learns nothing of the body', async () => {
    const { publisher, appended } = createPublisher()
    await expect(publisher.broadcast(ann, { nonsense: 1 })).rejects.toEqual(fails('forbidden'))
    expect(appended).toEqual([])
  })

  it('goes to everyone where no audience is named, never to the sender alone', async () => {
    const { publisher, appended } = createPublisher()
    await publisher.broadcast(admin, message, 'k')
    await publisher.broadcast(admin, { ...message, roles: ['ops'] })
    expect(appended.map(({ drafts }) => drafts[0])).toEqual([
      { type: 'test', idempotencyKey: 'k' },
      { type: 'test', roles: ['ops'] },
    ])
    expect(appended[0]?.keyScope).toBe('root')
  })

  it('goes to each user that it names, under one key', async () => {
    const { publisher, appended } = createPublisher()
    const userIds = ['ann', 'bob']
    expect(await publisher.broadcast(admin, { ...message, userIds }, 'k')).toMatchObject({
      messageIds: userIds,
    })
    expect(appended).toEqual([
      { userIds, keyScope: 'root', drafts: [{ type: 'test', idempotencyKey: 'k' }] },
    ])
  })
})

describe('forcing a resync', () => {
  it.each([[undefined], [{}], [{ userId: 'ann' }]])(
    'with %j is for the own connections of the caller',
    async (body) => {
      const { publisher, forced } = createPublisher()
      await publisher.force(ann, body)
      expect(forced).toEqual([{ userId: 'ann' }])
    },
  )

  it.each([
    [{ userId: 'bob' }],
    [{ roles: ['ops'] }],
    [{ topics: ['news'] }],
    [{ everyone: true }],
  ])('with %j needs the role admin', async (body) => {
    const { publisher, forced } = createPublisher()
    await expect(publisher.force(ann, body)).rejects.toEqual(fails('forbidden'))
    expect(forced).toEqual([])
    await publisher.force(admin, body)
    expect(forced).toEqual(['everyone' in body ? {} : body])
  })

  it.each([[{ everyone: false }], [{ userId: '' }], [{ type: 'a' }], [[]], ['ann']])(
    'with %j is refused',
    async (body) => {
      const { publisher } = createPublisher()
      await expect(publisher.force(admin, body)).rejects.toEqual(fails('invalid_request'))
    },
  )
})

it('takes nothing any more once the server is stopping', async () => {
  const { publisher, appended, forced } = createPublisher(false)
  const stopping = fails('unavailable')
  await expect(publisher.send(admin, message)).rejects.toEqual(stopping)
  await expect(publisher.sendKeyed(admin, message)).rejects.toEqual(stopping)
  await expect(publisher.sendBatch(admin, { messages: [message] })).rejects.toEqual(stopping)
  await expect(publisher.broadcast(admin, message)).rejects.toEqual(stopping)
  await expect(publisher.force(admin, {})).rejects.toEqual(stopping)
  expect([...appended, ...forced]).toEqual([])
})
