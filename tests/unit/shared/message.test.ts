import { describe, expect, it } from '@jest/globals'
import type { z } from 'zod'
import { SyncError } from '../../../shared/errors.js'
import {
  broadcastSchema,
  forceSchema,
  idempotencyKeySchema,
  keyedDraftSchema,
  messageDraftSchema,
  parseOrThrow,
} from '../../../shared/message.js'

function faultOf(schema: z.ZodType, value: unknown, prefix?: string): SyncError {
  try {
    parseOrThrow(schema, value, 'invalid_message', prefix)
  } catch (error) {
    if (error instanceof SyncError) return error
    throw error
  }
  throw new Error(`took ${JSON.stringify(value)}`)
}

const users = (count: number) => Array.from({ length: count }, (_, index) => `u${index}`)

describe('a message to publish', () => {
  it('is taken as it stands, with any payload and audience', () => {
    const draft = {
      type: 'data.updated',
      payload: { rows: [1, null, 'x'] },
      userId: 'ann',
      roles: ['r'],
      topics: ['t'],
    }
    expect(parseOrThrow(messageDraftSchema, draft, 'invalid_message')).toEqual(draft)
    expect(parseOrThrow(messageDraftSchema, { type: 'a' }, 'invalid_message')).toEqual({
      type: 'a',
    })
  })

  it('keeps a key named __proto__ in its payload', () => {
    const draft = JSON.parse('{"type":"a","payload":{"__proto__":{"admin":true}}}')
    const { payload } = parseOrThrow(messageDraftSchema, draft, 'invalid_message')
    expect(JSON.stringify(payload)).toBe('{"__proto__":{"admin":true}}')
  })

  it.each([
    ['an unknown field', { userid: 'ann' }, 'userid'],
    ['a field of another route', { userIds: ['ann'] }, 'userIds'],
    ['a null user', { userId: null }, 'userId'],
    ['an empty user', { userId: '' }, 'userId'],
    ['a user that is a number', { userId: 5 }, 'userId'],
    ['empty roles', { roles: [] }, 'roles'],
    ['null roles', { roles: null }, 'roles'],
    ['a role outside a list', { roles: 'admin' }, 'roles'],
    ['an empty role', { roles: ['a', ''] }, 'roles.1'],
    ['more than 100 roles', { roles: users(101) }, 'roles'],
    ['empty topics', { topics: [] }, 'topics'],
    ['a pattern for a topic', { topics: ['*'] }, 'topics'],
    ['more than 50 topics', { topics: users(51) }, 'topics'],
    ['a number that is not finite', { payload: { a: [Number.NaN] } }, 'payload.a.0'],
    ['a field named __proto__', JSON.parse('{"__proto__":{"userId":"x"}}'), '__proto__'],
  ])('is refused for %s', (_, field, path) => {
    const body = JSON.parse('{}')
    for (const key of Object.keys(field)) {
      Object.defineProperty(body, key, { value: field[key], enumerable: true })
    }
    body.type = 'test'
    const fault = faultOf(messageDraftSchema, body)
    expect(fault.code).toBe('invalid_message')
    expect(fault.details?.map((detail) => detail.path)).toEqual([path])
  })

  it.each([undefined, null, 'x', 5, [], [{ type: 'a' }]])('is not %j', (value) => {
    expect(faultOf(messageDraftSchema, value).code).toBe('invalid_message')
  })

  it('may carry its key only where no header can', () => {
    const keyed = { type: 'a', idempotencyKey: 'k' }
    expect(parseOrThrow(keyedDraftSchema, keyed, 'invalid_message')).toEqual(keyed)
    expect(faultOf(messageDraftSchema, keyed).details?.[0]?.path).toBe('idempotencyKey')
  })

  it.each(['', 'x'.repeat(129), 'a\nb', 5, null])('may not have the key %j', (key) => {
    expect(faultOf(idempotencyKeySchema, key).code).toBe('invalid_message')
  })
})

describe('the fault', () => {
  it('names the place within the request', () => {
    const fault = faultOf(messageDraftSchema, { type: '1' }, 'messages.3')
    expect(fault.details).toEqual([
      { path: 'messages.3.type', message: 'must start with a letter' },
    ])
    expect(fault.message).toBe('messages.3.type: must start with a letter')
  })

  it('names everything that is wrong, up to ten things', () => {
    const two = faultOf(messageDraftSchema, { type: '1', userId: '' })
    expect(two.details?.map(({ path }) => path).sort()).toEqual(['type', 'userId'])
    const many = faultOf(messageDraftSchema, { type: 'a', roles: users(20).map(() => '') })
    expect(many.details).toHaveLength(10)
  })

  it('stays short, however long the names are that it speaks of', () => {
    const fault = faultOf(messageDraftSchema, { type: 'a', ['k'.repeat(10_000)]: 1 })
    expect(fault.message.length).toBeLessThan(600)
  })
})

describe('a broadcast', () => {
  it('may name up to 1,000 different users', () => {
    const most = { type: 'a', userIds: users(1000) }
    expect(parseOrThrow(broadcastSchema, most, 'invalid_message')).toEqual(most)
    expect(faultOf(broadcastSchema, { type: 'a', userIds: users(1001) }).details).toHaveLength(1)
  })

  it.each([
    ['no user', { userIds: [] }],
    ['one user twice', { userIds: ['a', 'b', 'a'] }],
    ['users and a user', { userIds: ['a'], userId: 'b' }],
    ['users and roles', { userIds: ['a'], roles: ['r'] }],
    ['users and topics', { userIds: ['a'], topics: ['t'] }],
  ])('may not name %s', (_, audience) => {
    expect(faultOf(broadcastSchema, { type: 'a', ...audience }).details?.[0]?.path).toBe('userIds')
  })
})

describe('a forced resync', () => {
  it.each([{}, { everyone: true }, { userId: 'a' }, { roles: ['r'], topics: ['t'] }])(
    'may be for %j',
    (body) => {
      expect(parseOrThrow(forceSchema, body, 'invalid_request')).toEqual(body)
    },
  )

  it.each([
    { everyone: false },
    { everyone: true, userId: 'a' },
    { everyone: true, topics: ['t'] },
    { roles: [] },
    { type: 'a' },
  ])('may not be for %j', (body) => {
    expect(faultOf(forceSchema, body).details).toHaveLength(1)
  })
})
