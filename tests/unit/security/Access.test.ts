import { describe, expect, it } from '@jest/globals'
import {
  Access,
  type AuthorizeTopic,
  authorizeByGrants,
  parseTopics,
  topicAudiences,
} from '../../../server/security/Access.js'
import { EVERYONE, roleKey, topicKey, userKey } from '../../../shared/audience.js'
import type { Principal } from '../../../shared/principal.js'

const principal: Principal = {
  userId: 'ann',
  roles: ['ops', 'sales', 'ops'],
  topics: { subscribe: ['news', 'batch:*'], publish: ['batch:1'] },
}
const fails = (code: string, more = {}) => expect.objectContaining({ code, ...more })
const accessBy = (authorizeTopic: AuthorizeTopic, topicsClaim = 'topics') =>
  new Access({ authorizeTopic, topicsClaim, adminRole: 'boss' })
const access = accessBy(authorizeByGrants)

describe('a grant', () => {
  it.each([
    ['news', 'subscribe', true],
    ['newsroom', 'subscribe', false],
    ['new', 'subscribe', false],
    ['batch:1', 'subscribe', true],
    ['batch:', 'subscribe', true],
    ['batch', 'subscribe', false],
    ['xbatch:1', 'subscribe', false],
    ['batch:1', 'publish', true],
    ['batch:12', 'publish', false],
    ['news', 'publish', false],
    ['public:news', 'subscribe', true],
    ['public:', 'subscribe', true],
    ['public:news', 'publish', false],
    ['public', 'subscribe', false],
    ['Public:news', 'subscribe', false],
    ['xpublic:news', 'subscribe', false],
    ['BATCH:1', 'subscribe', false],
    ['News', 'subscribe', false],
  ] as const)('over %j to %s: %p', (topic, action, isGranted) => {
    expect(authorizeByGrants(principal, topic, action)).toBe(isGranted)
  })

  it('of * is for every topic, and none is for none', () => {
    const granted = (subscribe: string[]) =>
      authorizeByGrants({ ...principal, topics: { subscribe, publish: [] } }, 'x', 'subscribe')
    expect([granted(['*']), granted([])]).toEqual([true, false])
  })

  it.each(['b*h:1', '**', '*:1', 'batch:?', 'batch:.*', '^batch', 'batch:[0-9]', 'batch:1*2'])(
    'of %s has no pattern in it but a last *',
    (grant) => {
      const topics = { subscribe: [grant], publish: [grant] }
      for (const action of ['subscribe', 'publish'] as const) {
        expect(authorizeByGrants({ ...principal, topics }, 'batch:1', action)).toBe(false)
      }
    },
  )
})

describe('what a principal reads', () => {
  it('is what is for everyone, for its user and for its roles, each once', () => {
    expect(access.grant(principal, []).audiences).toEqual([
      EVERYONE,
      userKey('ann'),
      roleKey('ops'),
      roleKey('sales'),
    ])
  })

  it('is never another audience for what its names look like', () => {
    const odd = { ...principal, userId: '*', roles: ['*', 'u:bob'] }
    expect(access.grant(odd, []).audiences).toEqual([EVERYONE, 'u:*', 'r:*', 'r:u:bob'])
    expect(topicAudiences(['a', 'b'])).toEqual([topicKey('a'), topicKey('b')])
  })

  it.each([
    ['a:b', 'a'],
    ['__proto__', 'proto'],
    ['\u00e9', 'e\u0301'],
    ['\u0430nn', 'ann'],
    ['ANN', 'ann'],
    ['\u212a', 'K'],
    ['*', ''],
  ])('differs for the users %j and %j', (one, other) => {
    const own = (userId: string) => access.grant({ ...principal, userId, roles: [] }, []).audiences
    const shared = own(one).filter((key) => own(other).includes(key))
    expect(shared).toEqual([EVERYONE])
    expect(own(one)).toHaveLength(2)
  })

  it('is nothing at all for a service, be it an admin too', () => {
    const service = { ...principal, isService: true, isAdmin: true }
    const asked = ['public:news']
    expect(() => access.grant(service, [])).toThrow(fails('forbidden'))
    expect(() => access.grantAll(service, asked)).toThrow(fails('forbidden'))
  })
})

describe('topics from outside', () => {
  it('are a list of names, each once, or absent', () => {
    expect(parseTopics(['a', 'b', 'a'])).toEqual(['a', 'b'])
    expect(parseTopics([])).toEqual([])
    expect(parseTopics(undefined)).toEqual([])
    expect(parseTopics(['a', 'a', 'a'], 1)).toEqual(['a'])
  })

  it.each([null, 'a', 5, {}, [5], [null], ['a', ['b']], [''], ['*'], ['a*'], { length: 0 }])(
    'may not be %j',
    (value) => {
      expect(() => parseTopics(value)).toThrow(fails('invalid_request'))
    },
  )

  it('may not be more than the bound', () => {
    expect(() => parseTopics(['a', 'b', 'c'], 2)).toThrow('topics: must be at most 2')
  })
})

describe('the topics that a principal may read', () => {
  const asked = ['news', 'secret', 'batch:7']

  it('are parted from those that it may not, in order', () => {
    const { audiences, topics, denied } = access.grant(principal, asked)
    expect({ topics, denied }).toEqual({ topics: ['news', 'batch:7'], denied: ['secret'] })
    expect(audiences.slice(-2)).toEqual([topicKey('news'), topicKey('batch:7')])
    expect(audiences).not.toContain(topicKey('secret'))
  })

  it('are asked for as such', () => {
    const actions: string[] = []
    accessBy((_principal, _topic, action) => {
      actions.push(action)
      return true
    }).grant(principal, ['a'])
    expect(actions).toEqual(['subscribe'])
  })

  it('must be all of them at a door that has no word for a topic denied', () => {
    expect(() => access.grantAll(principal, asked)).toThrow(fails('forbidden'))
    expect(access.grantAll(principal, ['news'])).toEqual(access.grant(principal, ['news']))
  })

  it.each([['topics'], ['https://example.com/topics'], ['app.topics']])(
    'are missing in the claim %s, which the refusal names',
    (claim) => {
      const named = accessBy(authorizeByGrants, claim)
      const message = `the token does not grant "secret" in ${claim}`
      expect(() => named.grantAll(principal, asked)).toThrow(`${message}.subscribe`)
      const publish = () => named.assertMayPublish(principal, { topics: ['batch:1', 'secret'] })
      expect(publish).toThrow(fails('forbidden', { message: `${message}.publish` }))
    },
  )

  it.each([undefined, null, 1, 0, '', 'true', {}, [], Promise.resolve(true)])(
    'are none where the rule of a host answers with %p',
    (answer) => {
      const odd = accessBy((() => answer) as unknown as AuthorizeTopic)
      const says = 'authorizeTopic must answer true or false'
      expect(() => odd.grant(principal, ['a'])).toThrow(says)
      expect(() => odd.grantAll(principal, ['a'])).toThrow(says)
      expect(() => odd.assertMayPublish(principal, { topics: ['a'] })).toThrow(says)
    },
  )
})

describe('whom a principal may publish to', () => {
  const may = (who: Principal, audience: object) => {
    try {
      access.assertMayPublish(who, audience)
      return true
    } catch (error) {
      expect(error).toEqual(fails('forbidden'))
      return false
    }
  }

  it.each([
    [{ userId: 'ann' }, true],
    [{ userId: 'ann', roles: ['ops'], topics: ['secret'] }, true],
    [{ topics: ['batch:1'] }, true],
    [{ userId: 'bob' }, false],
    [{ userId: 'ANN' }, false],
    [{ roles: ['ops'] }, false],
    [{ roles: ['ops'], topics: ['batch:1'] }, false],
    [{ topics: ['news'] }, false],
    [{ topics: ['batch:1', 'news'] }, false],
    [{ topics: ['public:news'] }, false],
  ])('has an answer for %j: %p, and is anybody for admins and services', (audience, expected) => {
    expect(may(principal, audience)).toBe(expected)
    expect(may({ ...principal, roles: ['Admin', 'admins'] }, audience)).toBe(expected)
    // What a token's roles mean was decided when it was read.
    expect(may({ ...principal, roles: ['admin'], isAdmin: false }, audience)).toBe(expected)
    expect(may({ ...principal, roles: ['admin'] }, audience)).toBe(true)
    expect(may({ ...principal, isAdmin: true }, audience)).toBe(true)
    expect(may({ ...principal, isService: true }, audience)).toBe(true)
  })
})

it('names the role that is an admin here to who lacks it', () => {
  const access = accessBy(authorizeByGrants)
  expect(access.needsAdmin('broadcast').message).toBe('broadcast needs the role "boss"')
  expect(() => access.assertMayPublish({ ...principal, isAdmin: false }, { roles: ['x'] })).toThrow(
    'publishing to roles needs the role "boss"',
  )
})
