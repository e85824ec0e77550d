import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { audienceOf, EVERYONE, roleKey, topicKey, userKey } from '../../../shared/audience.js'

describe('the audience of a message', () => {
  it('is the user where one is named, whatever else is', () => {
    expect(audienceOf({ userId: 'ann', roles: ['r'], topics: ['t'] })).toEqual([userKey('ann')])
  })

  it('is the roles where no user is named, then the topics', () => {
    expect(audienceOf({ roles: ['r', 's'], topics: ['t'] })).toEqual([roleKey('r'), roleKey('s')])
    expect(audienceOf({ topics: ['t', 'u'] })).toEqual([topicKey('t'), topicKey('u')])
  })

  it('is everyone where nobody is named', () => {
    expect(audienceOf({})).toEqual([EVERYONE])
    expect(audienceOf({ userId: undefined, roles: undefined })).toEqual([EVERYONE])
  })

  it('holds each key once', () => {
    expect(audienceOf({ roles: ['r', 's', 'r'] })).toEqual([roleKey('r'), roleKey('s')])
    expect(audienceOf({ topics: ['t', 't'] })).toEqual([topicKey('t')])
  })

  it('never grows wider by a label', () => {
    const names = fc.array(fc.string(), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(fc.string(), names, names, (userId, roles, topics) => {
        expect(audienceOf({ userId, roles, topics })).toEqual(audienceOf({ userId }))
        expect(audienceOf({ roles, topics })).toEqual(audienceOf({ roles }))
      }),
    )
  })

  it('is never mistaken for one of another kind, whatever the names are', () => {
    const name = fc.oneof(fc.string(), fc.constantFrom('*', 'u:a', 'r:a', 't:a', ':', ''))
    fc.assert(
      fc.property(name, name, name, (user, role, topic) => {
        const keys = [EVERYONE, userKey(user), roleKey(role), topicKey(topic)]
        expect(new Set(keys).size).toBe(4)
      }),
    )
  })
})
