// What a token that is signed rightly has to say, and what of it becomes a principal.

import { describe, expect, it } from '@jest/globals'
import { createSecretAuthenticate, type JwtRules } from '../../../server/security/jwt.js'
import { CLOSE } from '../../../shared/closeCodes.js'
import { isAdmin } from '../../../shared/principal.js'
import { believed, claimsOf, inSeconds, mint, refused, rulesOf, SECRET } from './minting.js'

const by = (rules: Partial<JwtRules> = {}) => createSecretAuthenticate(SECRET, rulesOf(rules))
const principalOf = (claims: object, rules?: Partial<JwtRules>) =>
  believed(by(rules), mint(claimsOf(claims)))

/** Refused for good, for this claim. */
async function expectRefused(claims: object, claim: string, rules?: Partial<JwtRules>) {
  const error = await refused(by(rules), mint(claimsOf(claims)))
  expect(error).toMatchObject({ code: 'unauthorized', close: CLOSE.invalidToken })
  expect(error.message).toContain(`its claim "${claim}" `)
}

describe('who it is for', () => {
  it.each([undefined, null, '', 5, true, ['ann'], { id: 'ann' }, 'a\nb', 'x'.repeat(129)])(
    'is not said by a sub of %j',
    (sub) => expectRefused({ sub }, 'sub'),
  )

  it.each(['ann', 'auth0|5f7c', 'user_2x:*', '__proto__', 'constructor', 'é', '*'])(
    'is said by a sub of %j, as it stands',
    async (sub) => expect((await principalOf({ sub })).userId).toBe(sub),
  )

  it('is said by no other claim, whatever the parts of a principal are called', async () => {
    const claims = {
      userId: 'bob',
      isAdmin: true,
      isService: true,
      expiresAt: 9e15,
      issuedAt: 9e15,
      tokenId: 't',
    }
    expect(await principalOf(claims)).toEqual(await principalOf({}))
  })

  it('has claims that are an object', async () => {
    for (const claims of ['null', '[]', '5', '"ann"', '{', '', '{"sub":"ann"}}']) {
      await expect(refused(by(), mint(claims))).resolves.toMatchObject({ code: 'unauthorized' })
    }
  })
})

describe('the time that it is good for', () => {
  it.each([undefined, null, '1763653600', 'never', [inSeconds(60)], {}])(
    'has an end, and not %j',
    (exp) => expectRefused({ exp }, 'exp'),
  )

  it('is over when it has expired: another one may be good', async () => {
    const error = await refused(by(), mint(claimsOf({ iat: inSeconds(-60), exp: inSeconds(-6) })))
    expect(error).toMatchObject({ code: 'unauthorized', close: CLOSE.staleToken })
    expect(error.message).toMatch(/expired.*fresh/)
  })

  it('is not said to be over to who was never good', async () => {
    const expired = claimsOf({ iss: 'evil', exp: inSeconds(-60) })
    const expected = { close: CLOSE.invalidToken }
    expect(await refused(by(), mint(expired, { secret: 'x' }))).toMatchObject(expected)
    expect(await refused(by({ issuer: 'good' }), mint(expired))).toMatchObject(expected)
  })

  it('ends with its exp, however little the clocks may differ', async () => {
    const { expiresAt } = await principalOf({ exp: inSeconds(-4) })
    expect(expiresAt).toBe(inSeconds(-4) * 1000)
  })

  it('begins with its nbf, give or take 5 s', async () => {
    await expectRefused({ nbf: inSeconds(6) }, 'nbf')
    await expectRefused({ nbf: 'now' }, 'nbf')
    await principalOf({ nbf: inSeconds(5) })
    await principalOf({ nbf: inSeconds(-9999) })
  })

  it('does not begin with an iat that is to come, give or take 5 s', async () => {
    await expectRefused({ iat: inSeconds(6) }, 'iat')
    await expectRefused({ iat: '1763650000' }, 'iat')
    expect(await principalOf({ iat: inSeconds(5) })).toMatchObject({
      issuedAt: inSeconds(5) * 1000,
    })
  })

  it('is no longer than the setting says, from its issue or, without one, from now', async () => {
    const rules = { maxLifetimeMs: 60_000 }
    const tooLong = 'it lives longer than 60 s (AUTH_MAX_TOKEN_AGE)'
    for (const claims of [
      { exp: inSeconds(61) },
      { iat: undefined, exp: inSeconds(61) },
      { iat: inSeconds(-58), exp: inSeconds(2.5) },
      { iat: inSeconds(-30), exp: inSeconds(31) },
      { exp: 1e300 },
    ]) {
      expect((await refused(by(rules), mint(claimsOf(claims)))).message).toContain(tooLong)
    }
    await principalOf({ exp: inSeconds(60) }, rules)
    await principalOf({ iat: undefined, exp: inSeconds(60) }, rules)
    await principalOf({ iat: inSeconds(-59), exp: inSeconds(1) }, rules)
  })

  it.each(['"exp":1e999', '"exp":1e999,"iat":1e999', '"exp":1e999,"iat":-1e999'])(
    'is not endless: %s',
    async (times) => {
      const error = await refused(by(), mint(`{"sub":"ann",${times}}`))
      expect(error).toMatchObject({ code: 'unauthorized' })
    },
  )
})

describe('the issuer and the audience', () => {
  const rules = { issuer: 'https://id.example.com/', audiences: ['app', 'api'] }
  const good = { iss: 'https://id.example.com/', aud: 'app' }

  it.each([undefined, null, '', 'https://id.example.com', 5, ['https://id.example.com/']])(
    'are not an iss of %j',
    (iss) => expectRefused({ ...good, iss }, 'iss', rules),
  )

  it.each([undefined, null, '', 'App', 'apps', 5, [], ['other'], [['app']], { app: true }])(
    'are not an aud of %j',
    (aud) => expectRefused({ ...good, aud }, 'aud', rules),
  )

  it.each([['app'], ['api'], [['other', 'api']]])('are an aud of %j', async (aud) => {
    expect(await principalOf({ ...good, aud }, rules)).toMatchObject({ userId: 'ann' })
  })

  it('are any, where nothing is set', async () => {
    expect(await principalOf({ iss: 'x', aud: 'y' })).toMatchObject({ userId: 'ann' })
  })
})

describe('its roles', () => {
  it.each([
    'admin',
    5,
    true,
    {},
    { admin: true },
    { 0: 'admin', length: 1 },
    [1],
    [null],
    ['admin', ['x']],
    [{ name: 'admin' }],
    [''],
    ['a\nb'],
    ['x'.repeat(129)],
    Array.from({ length: 101 }, (_, index) => `r${index}`),
  ])('are not %j', (roles) => expectRefused({ roles }, 'roles'))

  it.each([undefined, null, []])('are none where the claim is %j', async (roles) => {
    expect(await principalOf({ roles })).toMatchObject({ roles: [], isAdmin: false })
  })

  it.each([
    ['admin', { isAdmin: true, isService: false }],
    ['service', { isAdmin: false, isService: true }],
    ['Admin', { isAdmin: false, isService: false }],
    ['admin ', { isAdmin: false, isService: false }],
    ['\u0430dmin', { isAdmin: false, isService: false }],
    ['org:admin', { isAdmin: false, isService: false }],
  ])('are compared exactly: %j', async (role, expected) => {
    expect(await principalOf({ roles: ['x', role] })).toMatchObject({
      roles: ['x', role],
      ...expected,
    })
  })

  it('make an admin of who is a service, too', async () => {
    const principal = await principalOf({ roles: ['service', 'admin'] })
    expect(principal).toMatchObject({ isAdmin: true, isService: false })
  })

  it('mean what the settings say: an admin elsewhere need not be one here', async () => {
    const rules = { adminRole: 'syncline:admin', serviceRole: 'backend' }
    const elsewhere = await principalOf({ roles: ['admin', 'service'] }, rules)
    expect(isAdmin(elsewhere)).toBe(false)
    expect(elsewhere).toMatchObject({ roles: ['admin', 'service'], isService: false })
    expect(isAdmin(await principalOf({ roles: ['syncline:admin'] }, rules))).toBe(true)
    expect(await principalOf({ roles: ['backend'] }, rules)).toMatchObject({ isService: true })
  })
})

describe('its topics', () => {
  it.each([
    [undefined, [], []],
    [null, [], []],
    [['a', 'b:*'], ['a', 'b:*'], []],
    [{ subscribe: ['a'] }, ['a'], []],
    [{ publish: ['a'] }, [], ['a']],
    [{ subscribe: ['*'], publish: ['b:*'] }, ['*'], ['b:*']],
    [{}, [], []],
  ])('of %j are granted', async (topics, subscribe, publish) => {
    expect((await principalOf({ topics })).topics).toEqual({ subscribe, publish })
  })

  it.each([
    'news',
    '*',
    5,
    true,
    [5],
    [null],
    [['a']],
    [''],
    ['x'.repeat(201)],
    { subscribe: 'a' },
    { subscribe: [5] },
    { subscribe: null },
    { publish: { a: true } },
    { publish: [''] },
    { read: ['a'] },
    { subscribe: ['a'], admin: true },
  ])('are not %j', (topics) => expectRefused({ topics }, 'topics'))
})

describe('the path of a claim', () => {
  const rolesOf = async (rolesClaim: string, claims: object) =>
    (await principalOf(claims, { rolesClaim })).roles

  it('may have dots', async () => {
    const claims = { realm_access: { roles: ['admin'] }, roles: ['other'] }
    expect(await rolesOf('realm_access.roles', claims)).toEqual(['admin'])
    const topics = { topics: { subscribe: ['a'], publish: [] } }
    expect(
      await principalOf({ app: { topics: ['a'] } }, { topicsClaim: 'app.topics' }),
    ).toMatchObject(topics)
  })

  it('is a name first, where a name has dots itself', async () => {
    const name = 'https://app.example.com/roles'
    expect(await rolesOf(name, { [name]: ['admin'] })).toEqual(['admin'])
    expect(await rolesOf('a.b', { 'a.b': ['x'], a: { b: ['y'] } })).toEqual(['x'])
    // Not as a way around what the claim says.
    expect(await rolesOf('a.b', { 'a.b': null, a: { b: ['y'] } })).toEqual([])
  })

  it.each([
    '__proto__',
    '__proto__.roles',
    'constructor',
    'constructor.name',
    'toString.length',
    'roles.length',
    'roles.0',
    'roles.constructor',
    'sub.length',
    'a..b',
    '.roles',
    'roles.',
    '.',
    'missing.roles',
  ])('finds nothing by %s that a token did not say', async (path) => {
    expect(await rolesOf(path, { roles: ['admin'] })).toEqual([])
  })

  it('finds nothing that a token says of the parents of objects', async () => {
    const times = `"exp":${inSeconds(60)},"iat":${inSeconds(0)}`
    const parents = `"__proto__":{"roles":["admin"],"isAdmin":true,"topics":["*"]}`
    const makers = `"constructor":{"prototype":{"roles":["admin"]}}`
    const token = mint(`{"sub":"ann",${times},${parents},${makers}}`)
    expect(await believed(by(), token)).toMatchObject({
      roles: [],
      isAdmin: false,
      topics: { subscribe: [], publish: [] },
    })
    expect({}).not.toHaveProperty('roles')
  })

  it('names the claim where what it finds is wrong', async () => {
    const rules = { rolesClaim: 'realm_access.roles', topicsClaim: 'https://a.example/topics' }
    for (const wrong of [[''], 'admin', [1]]) {
      await expectRefused({ realm_access: { roles: wrong } }, rules.rolesClaim, rules)
      await expectRefused({ [rules.topicsClaim]: wrong }, rules.topicsClaim, rules)
    }
  })
})

it('can be revoked by a jti that is a text; another is not kept', async () => {
  expect((await principalOf({ jti: 'a' })).tokenId).toBe('a')
  for (const jti of [5, null, ['a'], {}]) {
    expect((await principalOf({ jti })).tokenId).toBeUndefined()
  }
})
