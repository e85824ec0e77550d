import { describe, expect, it } from '@jest/globals'
import { Access, authorizeByGrants } from '../../../server/security/Access.js'
import { isBatch, Publisher, type Submission } from '../../../server/security/Publisher.js'
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
function createPublisher({ isAccepting = true, isCurrent = true, unitsLeft = Infinity } = {}) {
  const appended: Appended[] = []
  const forced: AudienceFields[] = []
  const charged: number[] = []
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
    access: new Access({
      authorizeTopic: authorizeByGrants,
      topicsClaim: 'topics',
      adminRole: 'admin',
    }),
    validity: {
      assertCurrent() {
        if (!isCurrent) throw new SyncError('unauthorized', 'revoked')
      },
    },
    rateLimits: {
      async chargeWrite(_principal, units) {
        if (units > unitsLeft) throw new SyncError('rate_limited', 'used up')
        charged.push(units)
      },
    },
    gate: {
      assertPublishable() {
        if (!isAccepting) throw new SyncError('unavailable', 'stopping')
      },
    },
  })
  return { publisher, appended, forced, charged }
}

const ann: Principal = {
  userId: 'ann',
  roles: ['ops'],
  topics: { subscribe: ['*'], publish: ['news', 'batch:*'] },
}
const admin: Principal = { ...ann, userId: 'root', roles: ['admin'] }
const service: Principal = { ...ann, userId: 'ann', roles: [], isService: true }
const message = { type: 'test' }
const CAME: Submission = { bytes: 100, paidUnits: 0 }
const keyed = (idempotencyKey: string | undefined): Submission => ({ ...CAME, idempotencyKey })
const fails = (code: string, more = {}) => expect.objectContaining({ code, ...more })

describe('sending', () => {
  it('goes to the sender itself where no audience is named', async () => {
    const { publisher, appended } = createPublisher()
    await publisher.send(ann, { ...message, payload: 1 }, keyed('k1'))
    await publisher.sendKeyed(ann, { ...message, idempotencyKey: 'k2' }, CAME)
    await publisher.send(admin, message, CAME)
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
    await publisher.send(ann, { ...message, ...audience }, CAME)
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
    await expect(publisher.send(ann, draft, CAME)).rejects.toEqual(fails('forbidden'))
    await expect(publisher.sendKeyed(ann, draft, CAME)).rejects.toEqual(fails('forbidden'))
    await expect(publisher.sendBatch(ann, { messages: [message, draft] }, CAME)).rejects.toEqual(
      fails('forbidden'),
    )
    const alike = { ...ann, roles: ['nonadmin', 'Admin', 'admins'] }
    await expect(publisher.send(alike, draft, CAME)).rejects.toEqual(fails('forbidden'))
    expect(appended).toEqual([])
    await publisher.send(admin, draft, CAME)
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
    await expect(publisher.send(ann, body, keyed(key))).rejects.toEqual(fails(code))
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
    expect(await publisher.sendBatch(ann, { messages }, CAME)).toHaveLength(2)
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
    expect(await publisher.sendBatch(ann, { messages }, CAME)).toHaveLength(100)
    await expect(
      publisher.sendBatch(ann, { messages: [...messages, message] }, CAME),
    ).rejects.toEqual(fails('invalid_request'))
  })

  it.each([
    { messages: [] },
    { messages: {} },
    { messages: null },
    { messages: [message], userId: 'ann' },
    { messages: [message], type: 'test' },
  ])('is not %j', async (body) => {
    const { publisher } = createPublisher()
    await expect(publisher.sendBatch(ann, body, CAME)).rejects.toEqual(fails('invalid_request'))
  })

  it('is refused as a whole, with the place of what is wrong', async () => {
    const { publisher, appended } = createPublisher()
    const messages = [message, { type: '1' }]
    await expect(publisher.sendBatch(ann, { messages }, CAME)).rejects.toEqual(
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
    await expect(publisher.broadcast(ann, { nonsense: 1 }, CAME)).rejects.toEqual(
      fails('forbidden'),
    )
    expect(appended).toEqual([])
  })

  it('goes to everyone where no audience is named, never to the sender alone', async () => {
    const { publisher, appended } = createPublisher()
    await publisher.broadcast(admin, message, keyed('k'))
    await publisher.broadcast(admin, { ...message, roles: ['ops'] }, CAME)
    expect(appended.map(({ drafts }) => drafts[0])).toEqual([
      { type: 'test', idempotencyKey: 'k' },
      { type: 'test', roles: ['ops'] },
    ])
    expect(appended[0]?.keyScope).toBe('root')
  })

  it('goes to each user that it names, under one key', async () => {
    const { publisher, appended } = createPublisher()
    const userIds = ['ann', 'bob']
    expect(await publisher.broadcast(admin, { ...message, userIds }, keyed('k'))).toMatchObject({
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
      await publisher.force(ann, body, CAME)
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
    await expect(publisher.force(ann, body, CAME)).rejects.toEqual(fails('forbidden'))
    expect(forced).toEqual([])
    await publisher.force(admin, body, CAME)
    expect(forced).toEqual(['everyone' in body ? {} : body])
  })

  it.each([[{ everyone: false }], [{ userId: '' }], [{ type: 'a' }], [[]], ['ann']])(
    'with %j is refused',
    async (body) => {
      const { publisher } = createPublisher()
      await expect(publisher.force(admin, body, CAME)).rejects.toEqual(fails('invalid_request'))
    },
  )
})

it('takes nothing any more once the server is stopping', async () => {
  const { publisher, appended, forced } = createPublisher({ isAccepting: false })
  const stopping = fails('unavailable')
  await expect(publisher.send(admin, message, CAME)).rejects.toEqual(stopping)
  await expect(publisher.sendKeyed(admin, message, CAME)).rejects.toEqual(stopping)
  await expect(publisher.sendBatch(admin, { messages: [message] }, CAME)).rejects.toEqual(stopping)
  await expect(publisher.broadcast(admin, message, CAME)).rejects.toEqual(stopping)
  await expect(publisher.force(admin, {}, CAME)).rejects.toEqual(stopping)
  expect([...appended, ...forced]).toEqual([])
})

describe('what a publish costs', () => {
  it('is a unit for each message, or for each 16 KiB that came, whichever is more', async () => {
    const { publisher, charged } = createPublisher()
    const bytes = (count: number): Submission => ({ ...CAME, bytes: count })
    await publisher.send(ann, message, bytes(16 * 1024))
    await publisher.sendKeyed(ann, message, bytes(16 * 1024 + 1))
    await publisher.sendBatch(ann, { messages: [message, message, message] }, bytes(20_000))
    await publisher.sendBatch(ann, { messages: [message, message] }, bytes(64 * 1024))
    await publisher.broadcast(admin, message, bytes(10))
    await publisher.broadcast(admin, { ...message, userIds: ['a', 'b', 'c'] }, bytes(10))
    await publisher.force(ann, undefined, bytes(0))
    expect(charged).toEqual([1, 2, 3, 4, 1, 3, 1])
  })

  it('is what each copy takes, where one is published to many', async () => {
    const { publisher, charged } = createPublisher()
    const userIds = ['ann', 'bob', 'cid']
    await publisher.broadcast(admin, { ...message, userIds }, { bytes: 40_000, paidUnits: 0 })
    expect(charged).toEqual([8])
  })

  it('is less by what the door has charged already', async () => {
    const { publisher, charged } = createPublisher()
    const came = { bytes: 40_000, paidUnits: 1 }
    await publisher.send(ann, message, came)
    await publisher.force(ann, undefined, { bytes: 0, paidUnits: 1 })
    expect(charged).toEqual([2, 0])
  })

  it('is asked before anything is appended, of a batch as a whole', async () => {
    const { publisher, appended, forced } = createPublisher({ unitsLeft: 1 })
    const limited = fails('rate_limited')
    const messages = [message, message]
    const userIds = ['a', 'b']
    await expect(publisher.sendBatch(ann, { messages }, CAME)).rejects.toEqual(limited)
    await expect(publisher.broadcast(admin, { ...message, userIds }, CAME)).rejects.toEqual(limited)
    await expect(publisher.send(ann, message, { ...CAME, bytes: 16_385 })).rejects.toEqual(limited)
    expect([...appended, ...forced]).toEqual([])
  })

  it('is nothing for what is refused anyway', async () => {
    const { publisher, charged } = createPublisher()
    await publisher.send(ann, { type: '1' }, CAME).catch(() => {})
    await publisher.send(ann, { ...message, userId: 'bob' }, CAME).catch(() => {})
    await publisher.broadcast(ann, message, CAME).catch(() => {})
    expect(charged).toEqual([])
  })
})

describe('a service', () => {
  it('publishes to anyone, with keys that are not those of a user of its name', async () => {
    const { publisher, appended, forced } = createPublisher()
    await publisher.send(service, { ...message, userId: 'bob' }, CAME)
    await publisher.send(service, { ...message, topics: ['secret'] }, CAME)
    await publisher.broadcast(service, message, CAME)
    await publisher.force(service, { everyone: true }, CAME)
    expect(appended.map(({ drafts: [draft] }) => draft)).toEqual([
      { type: 'test', userId: 'bob' },
      { type: 'test', topics: ['secret'] },
      { type: 'test' },
    ])
    expect(new Set(appended.map(({ keyScope }) => keyScope))).toEqual(new Set(['service\nann']))
    expect(forced).toEqual([{}])
  })

  it('has to say to whom, since it has no connections of its own', async () => {
    const { publisher, appended, forced } = createPublisher()
    const unnamed = fails('invalid_message', { message: expect.stringMatching(/^userId: /) })
    await expect(publisher.send(service, message, CAME)).rejects.toEqual(unnamed)
    await expect(publisher.sendKeyed(service, message, CAME)).rejects.toEqual(unnamed)
    await expect(publisher.force(service, undefined, CAME)).rejects.toEqual(
      fails('invalid_request'),
    )
    expect([...appended, ...forced]).toEqual([])
  })
})

it('takes nothing from who was revoked while its body arrived', async () => {
  const { publisher, appended, forced, charged } = createPublisher({ isCurrent: false })
  const revoked = fails('unauthorized')
  await expect(publisher.send(admin, message, CAME)).rejects.toEqual(revoked)
  await expect(publisher.sendKeyed(admin, message, CAME)).rejects.toEqual(revoked)
  await expect(publisher.sendBatch(admin, { messages: [message] }, CAME)).rejects.toEqual(revoked)
  await expect(publisher.broadcast(admin, message, CAME)).rejects.toEqual(revoked)
  await expect(publisher.force(admin, {}, CAME)).rejects.toEqual(revoked)
  expect([...appended, ...forced, ...charged]).toEqual([])
})
