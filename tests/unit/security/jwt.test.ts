// What signs a token, and how, is configured; whatever a token says of that itself, it is not
// believed for it.

import { createHmac, randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { CompactEncrypt, EncryptJWT } from 'jose'
import { createSecretAuthenticate } from '../../../server/security/jwt.js'
import { CLOSE } from '../../../shared/closeCodes.js'
import {
  believed,
  claimsOf,
  ecKeys,
  inSeconds,
  jwkOf,
  mint,
  mintBy,
  refused,
  rulesOf,
  SECRET,
  unsigned,
} from './minting.js'

const authenticate = createSecretAuthenticate(SECRET, rulesOf())

let fetched: jest.SpiedFunction<typeof fetch>
beforeEach(() => {
  fetched = jest.spyOn(globalThis, 'fetch').mockRejectedValue(new Error('asked the network'))
})
afterEach(() => {
  expect(fetched).not.toHaveBeenCalled()
  fetched.mockRestore()
})

/** Not believed, for good, and with nothing said but that. */
async function expectNotSigned(token: string): Promise<void> {
  const error = await refused(authenticate, token)
  expect(error).toMatchObject({ code: 'unauthorized', close: CLOSE.invalidToken })
  expect(error.message).toBe('the token is not valid: it is not signed for this server')
}

it('believes a token that is signed with its secret', async () => {
  expect(await believed(authenticate, mint(claimsOf({ jti: 't1' })))).toEqual({
    userId: 'ann',
    roles: [],
    topics: { subscribe: [], publish: [] },
    isAdmin: false,
    isService: false,
    issuedAt: inSeconds(0) * 1000,
    expiresAt: inSeconds(3600) * 1000,
    tokenId: 't1',
  })
})

it('knows nobody without a token', async () => {
  expect(await authenticate({ token: undefined, headers: {}, remoteAddress: '' })).toBeNull()
})

describe('a signature', () => {
  it.each([
    ['of another secret', mint(claimsOf(), { secret: `${SECRET}!` })],
    ['of an empty secret', mint(claimsOf(), { secret: '' })],
    ['by HS384', mint(claimsOf(), { header: { alg: 'HS384' }, hash: 'sha384' })],
    ['by HS512', mint(claimsOf(), { header: { alg: 'HS512' }, hash: 'sha512' })],
    ['by HS512 that calls itself HS256', mint(claimsOf(), { hash: 'sha512' })],
    ['by HS256 that calls itself HS512', mint(claimsOf(), { header: { alg: 'HS512' } })],
    ['of an unknown kind', mint(claimsOf(), { header: { alg: 'hs256' } })],
    ['of no kind', mint(claimsOf(), { header: { alg: undefined } })],
    ['of a kind that is a list', mint(claimsOf(), { header: { alg: ['HS256'] } })],
    ['of a kind that is null', mint(claimsOf(), { header: { alg: null } })],
    ['by ES256', mintBy(ecKeys(), { alg: 'ES256' })],
    ['by a private key that calls itself HS256', mintBy(ecKeys(), { alg: 'HS256' })],
    ['of zeros', `${unsigned({ alg: 'HS256' }, claimsOf())}.${'A'.repeat(43)}`],
    ['of random bytes', `${unsigned({ alg: 'HS256' }, claimsOf())}.${base64url(32)}`],
    ['that is missing', `${unsigned({ alg: 'HS256' }, claimsOf())}.`],
  ])('%s is not believed', (_, token) => expectNotSigned(token))

  it.each(['none', 'None', 'NONE', 'nOnE', 'none ', ''])('of alg %j is none', async (alg) => {
    const text = unsigned({ alg, typ: 'JWT' }, claimsOf({ roles: ['admin'] }))
    await expectNotSigned(`${text}.`)
    await expectNotSigned(text)
    await expectNotSigned(mint(claimsOf(), { header: { alg } }))
    await expectNotSigned(`${text}.${mint().split('.')[2]}`)
  })
})

describe('a header', () => {
  const thief = ecKeys()
  const elsewhere = 'https://evil.example.com/keys.json'

  it.each([
    ['its own key', { jwk: jwkOf(thief) }],
    ['its own key, as a shared one', { jwk: { kty: 'oct', k: 'AA' } }],
    ['where to fetch its key', { jku: elsewhere }],
    ['where to fetch its certificate', { x5u: elsewhere }],
    ['its own certificate', { x5c: [thief.publicKey.export({ format: 'pem', type: 'spki' })] }],
    ['a key by a path', { kid: '../../../../dev/null' }],
    ['a key by a query', { kid: "' UNION SELECT 'secret" }],
    ['a key by a command', { kid: 'key|cat /etc/passwd' }],
    ['a key by an address', { kid: elsewhere }],
    ['a key by a name of every object', { kid: '__proto__' }],
    ['a key by no name', { kid: null }],
    ['a key by a very long name', { kid: 'k'.repeat(20_000) }],
  ])('that names %s changes nothing', async (_, header) => {
    await expectNotSigned(mint(claimsOf(), { header, secret: '' }))
    await expectNotSigned(mint(claimsOf(), { header, secret: 'AA' }))
    await expectNotSigned(mintBy(thief, { ...header, alg: 'ES256' }))
    await expectNotSigned(mintBy(thief, { ...header, alg: 'HS256' }))
    expect(await believed(authenticate, mint(claimsOf(), { header }))).toMatchObject({
      userId: 'ann',
    })
  })

  it.each([
    ['something unknown', { crit: ['tenant'], tenant: 'a' }],
    ['a claim', { crit: ['exp'], exp: inSeconds(60) }],
    ['nothing', { crit: [] }],
    ['no list', { crit: 'exp' }],
    ['a name of every object', { crit: ['constructor'] }],
    ['what it does not have', { crit: ['b64'] }],
  ])('that makes critical: %s, is not believed', (_, header) =>
    expectNotSigned(mint(claimsOf(), { header })),
  )

  it('that says its claims are not encoded is not believed', async () => {
    const header = { alg: 'HS256', b64: false, crit: ['b64'] }
    const text = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${JSON.stringify(claimsOf())}`
    await expectNotSigned(
      `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`,
    )
    await expectNotSigned(mint(claimsOf(), { header }))
  })

  it.each(['null', '[]', '5', '"HS256"', '', '{', '{"alg":"HS256"', '\u0000', '{"alg":"HS256"}}'])(
    'that is %j is none',
    (header) => expectNotSigned(`${unsigned(header, claimsOf())}.${mint().split('.')[2]}`),
  )

  it('that nests without end is refused like any other', () => {
    const deep = `{"alg":"HS256","a":${'['.repeat(40_000)}${']'.repeat(40_000)}}`
    return expectNotSigned(`${unsigned(deep, claimsOf())}.${base64url(32)}`)
  })
})

describe('an encrypted token', () => {
  it('is not believed, whoever encrypted it', async () => {
    const key = new TextEncoder().encode(SECRET.slice(0, 32))
    const dir = { alg: 'dir', enc: 'A256GCM' }
    const encrypted = await new EncryptJWT(claimsOf() as Record<string, unknown>)
      .setProtectedHeader(dir)
      .encrypt(key)
    await expectNotSigned(encrypted)
    const nested = await new CompactEncrypt(new TextEncoder().encode(mint()))
      .setProtectedHeader({ ...dir, cty: 'JWT' })
      .encrypt(key)
    await expectNotSigned(nested)
  })
})

describe('a text that is not a token', () => {
  const [header = '', claims = '', signature = ''] = mint().split('.')
  const other = mint(claimsOf({ sub: 'bob', roles: ['admin'] }))

  it.each([
    ['empty', ''],
    ['a space', ' '],
    ['dots', '..'],
    ['more dots', '....'],
    ['without its header', `.${claims}.${signature}`],
    ['without its claims', `${header}..${signature}`],
    ['with a part too many', `${header}.${claims}.${signature}.${signature}`],
    ['twice', `${mint()}${mint()}`],
    ['two, by a comma', `${mint()},${mint()}`],
    ['its parts in another order', `${claims}.${header}.${signature}`],
    ['with the claims of another', `${header}.${other.split('.')[1]}.${signature}`],
    ['with the signature of another', `${header}.${claims}.${other.split('.')[2]}`],
    ['with a space before', ` ${mint()}`],
    [
      'with a line break in its header',
      `${header.slice(0, 4)}\n${header.slice(4)}.${claims}.${signature}`,
    ],
    [
      'with a space in its claims',
      `${header}.${claims.slice(0, 4)} ${claims.slice(4)}.${signature}`,
    ],
    ['padded', `${header}=.${claims}=.${signature}`],
    ['with a zero byte', `${mint()}\u0000`],
    ['in wide letters', `${header}.${claims}.\uff21${signature.slice(1)}`],
    ['60 KiB of one letter', 'a'.repeat(60 * 1024)],
    ['60 KiB of dots', '.'.repeat(60 * 1024)],
    ['60 KiB of claims', `${header}.${'a'.repeat(60 * 1024)}.${signature}`],
    ['of open mode', 'dev:ann:admin'],
    ['JSON', JSON.stringify({ protected: header, payload: claims, signature })],
    ['the secret itself', SECRET],
  ])('is refused: %s', (_, token) => expectNotSigned(token))

  it('is refused: cut anywhere', async () => {
    const token = mint()
    for (let length = 0; length < token.length; length += 1) {
      await expectNotSigned(token.slice(0, length))
    }
  })
})

it('believes a token of 60 KiB as quickly as another', async () => {
  const token = mint(claimsOf({ picture: 'x'.repeat(45_000) }))
  expect(token.length).toBeGreaterThan(60_000)
  expect(await believed(authenticate, token)).toMatchObject({ userId: 'ann' })
})

function base64url(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}
