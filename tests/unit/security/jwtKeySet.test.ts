// Tokens of an identity provider: its public keys verify, by the algorithms that are configured, and
// being public, they sign nothing.

import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { createLocalJWKSet, type JSONWebKeySet } from 'jose'
import { createKeySetAuthenticate, createSecretAuthenticate } from '../../../server/security/jwt.js'
import { CLOSE } from '../../../shared/closeCodes.js'
import {
  believed,
  claimsOf,
  ecKeys,
  jwkOf,
  type KeyPair,
  mint,
  mintBy,
  refused,
  rulesOf,
  SECRET,
  unsigned,
} from './minting.js'

const rsa: KeyPair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const weak: KeyPair = generateKeyPairSync('rsa', { modulusLength: 1024 })
const ec = ecKeys()
const edwards: KeyPair = generateKeyPairSync('ed25519')
const thief = ecKeys()

const by = (...keys: Record<string, unknown>[]) =>
  createKeySetAuthenticate(createLocalJWKSet({ keys } as unknown as JSONWebKeySet), rulesOf())

const authenticate = by(
  jwkOf(rsa, { kid: 'rsa' }),
  jwkOf(weak, { kid: 'weak' }),
  jwkOf(ec, { kid: 'ec' }),
  jwkOf(edwards, { kid: 'edwards' }),
  { kty: 'oct', kid: 'oct', k: Buffer.from(SECRET).toString('base64url') },
)

async function expectNotSigned(token: string, door = authenticate): Promise<void> {
  expect(await refused(door, token)).toMatchObject({
    code: 'unauthorized',
    close: CLOSE.invalidToken,
    message: 'the token is not valid: it is not signed for this server',
  })
}

describe('a key set', () => {
  it.each([
    ['RS256', mintBy(rsa, { alg: 'RS256', kid: 'rsa' })],
    ['ES256', mintBy(ec, { alg: 'ES256', kid: 'ec' })],
    ['EdDSA', mintBy(edwards, { alg: 'EdDSA', kid: 'edwards' }, claimsOf(), null)],
    ['Ed25519', mintBy(edwards, { alg: 'Ed25519', kid: 'edwards' }, claimsOf(), null)],
  ])('verifies %s', async (_, token) => {
    expect(await believed(authenticate, token)).toMatchObject({ userId: 'ann' })
    const [header, claims, signature = ''] = token.split('.')
    const turned = signature.split('').reverse().join('')
    await expectNotSigned(`${header}.${claims}.${turned}`)
    const admin = unsigned({}, claimsOf({ roles: ['admin'] })).split('.')[1]
    await expectNotSigned(`${header}.${admin}.${signature}`)
  })

  const pss = () => {
    const text = unsigned({ alg: 'PS256', kid: 'rsa' }, claimsOf())
    const key = { key: rsa.privateKey, padding: 6, saltLength: 32 }
    return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`
  }

  it.each([
    ['RS384', mintBy(rsa, { alg: 'RS384', kid: 'rsa' }, claimsOf(), 'sha384')],
    ['RS512', mintBy(rsa, { alg: 'RS512', kid: 'rsa' }, claimsOf(), 'sha512')],
    ['PS256', pss()],
    ['an RSA key of 1,024 bits', mintBy(weak, { alg: 'RS256', kid: 'weak' })],
    ['a shared key', mint(claimsOf(), { header: { kid: 'oct' } })],
    ['the key of another kind', mintBy(ec, { alg: 'ES256', kid: 'rsa' })],
    ['the algorithm of another kind', mintBy(ec, { alg: 'RS256', kid: 'ec' })],
    ['a key that is not in it', mintBy(thief, { alg: 'ES256', kid: 'thief' })],
    ['a key that only says to be in it', mintBy(thief, { alg: 'ES256', kid: 'ec' })],
    ['a key that the token brings', mintBy(thief, { alg: 'ES256', kid: 'ec', jwk: jwkOf(thief) })],
    ['no algorithm', `${unsigned({ alg: 'none', kid: 'ec' }, claimsOf())}.`],
    ['a signature of zeros', zeros(64)],
    ['an empty signature', zeros(0)],
  ])('does not verify %s', (_, token) => expectNotSigned(token))

  function zeros(bytes: number): string {
    const text = unsigned({ alg: 'ES256', kid: 'ec' }, claimsOf())
    return `${text}.${Buffer.alloc(bytes).toString('base64url')}`
  }

  it('finds a key without its name where there is one of its kind, and else none', async () => {
    const unnamed = mintBy(ec, { alg: 'ES256' })
    expect(await believed(by(jwkOf(ec)), unnamed)).toMatchObject({ userId: 'ann' })
    await expectNotSigned(unnamed, by(jwkOf(ec), jwkOf(thief)))
    await expectNotSigned(unnamed, by())
  })

  it('does not verify by a key that is meant for something else', async () => {
    const token = mintBy(ec, { alg: 'ES256', kid: 'ec' })
    await expectNotSigned(token, by(jwkOf(ec, { kid: 'ec', use: 'enc' })))
    await expectNotSigned(token, by(jwkOf(ec, { kid: 'ec', key_ops: ['sign'] })))
    await expectNotSigned(token, by(jwkOf(ec, { kid: 'ec', alg: 'ES384' })))
  })
})

describe('a public key', () => {
  it.each([
    ['as PEM', rsa.publicKey.export({ format: 'pem', type: 'spki' }) as string],
    ['as older PEM', rsa.publicKey.export({ format: 'pem', type: 'pkcs1' }) as string],
    ['as bytes', rsa.publicKey.export({ format: 'der', type: 'spki' })],
    ['as JSON', JSON.stringify(jwkOf(rsa, { kid: 'rsa' }))],
    ['as a number', Buffer.from(String(jwkOf(rsa).n), 'base64url')],
    ['as the text of a number', String(jwkOf(rsa).n)],
  ])('is no shared secret: %s', async (_, secret) => {
    for (const alg of ['HS256', 'RS256', 'HS384', 'HS512']) {
      await expectNotSigned(mint(claimsOf(), { header: { alg, kid: 'rsa' }, secret }))
    }
  })

  it('verifies nothing where a secret is configured', async () => {
    const secret = createSecretAuthenticate(SECRET, rulesOf())
    for (const header of [{ alg: 'RS256' }, { alg: 'HS256' }, { alg: 'RS256', jwk: jwkOf(rsa) }]) {
      await expectNotSigned(mintBy(rsa, header), secret)
    }
  })
})
