import { describe, expect, it } from '@jest/globals'
import {
  authorizeByGrants,
  divideTopics,
  ownAudiences,
  parseTopics,
  requireTopics,
  topicAudiences,
} from '../../../server/security/access.js'
import { EVERYONE, roleKey, topicKey, userKey } from '../../../shared/audience.js'
import type { Principal } from '../../../shared/principal.js'

const principal: Principal = {
  userId: 'ann',
  roles: ['ops', 'sales', 'ops'],
  topics: { subscribe: ['news', 'batch:*'], publish: ['batch:1'] },
}
const fails = (code: string) => expect.objectContaining({ code })

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
  ] as const)('over %j to %s: %p', (topic, action, isGranted) => {
    expect(authorizeByGrants(principal, topic, action)).toBe(isGranted)
  })

  it('of * is for every topic, and none is for none', () => {
    const granted = (subscribe: string[]) =>
      authorizeByGrants({ ...principal, topics: { subscribe, publish: [] } }, 'x', 'subscribe')
    expect([granted(['*']), granted([])]).toEqual([true, false])
  })
})

describe('what a principal reads', () => {
  it('is what is for everyone, for its user and for its roles, each once', () => {
    expect(ownAudiences(principal)).toEqual([
      EVERYONE,
      userKey('ann'),
      roleKey('ops'),
      roleKey('sales'),
    ])
  })

  it('is never another audience for what its names look like', () => {
    const odd = { ...principal, userId: '*', roles: ['*', 'u:bob'] }
    expect(ownAudiences(odd)).toEqual([EVERYONE, 'u:*', 'r:*', 'r:u:bob'])
    expect(topicAudiences(['a', 'b'])).toEqual([topicKey('a'), topicKey('b')])
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
    expect(divideTopics(principal, asked, authorizeByGrants)).toEqual({
      allowed: ['news', 'batch:7'],
      denied: ['secret'],
    })
  })

  it('are asked for as such', () => {
    const actions: string[] = []
    divideTopics(principal, ['a'], (_principal, _topic, action) => {
      actions.push(action)
      return true
    })
    expect(actions).toEqual(['subscribe'])
  })

  it('must be all of them at a door that has no word for a topic denied', () => {
    expect(() => requireTopics(principal, asked, authorizeByGrants)).toThrow(fails('forbidden'))
    expect(() => requireTopics(principal, asked, authorizeByGrants)).toThrow('"secret"')
    requireTopics(principal, ['news'], authorizeByGrants)
  })
})
