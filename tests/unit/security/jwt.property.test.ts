// Whatever bytes are shown as a token: nobody is believed, and nothing is thrown but the refusal.

import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createLocalJWKSet } from 'jose'
import type { Authenticate } from '../../../server/security/authenticate.js'
import { createKeySetAuthenticate, createSecretAuthenticate } from '../../../server/security/jwt.js'
import {
  claimsOf,
  ecKeys,
  jwkOf,
  mint,
  mintBy,
  refused,
  rulesOf,
  SECRET,
  unsigned,
} from './minting.js'

const keys = ecKeys()
const keySet = createLocalJWKSet({ keys: [jwkOf(keys, { kid: 'k', kty: 'EC' })] } as never)
const doors: { authenticate: Authenticate; token: string }[] = [
  { authenticate: createSecretAuthenticate(SECRET, rulesOf()), token: mint() },
  {
    authenticate: createKeySetAuthenticate(keySet, rulesOf()),
    token: mintBy(keys, { alg: 'ES256', kid: 'k' }),
  },
]
const RUNS = { numRuns: 200 }

async function expectRefused(authenticate: Authenticate, token: string): Promise<void> {
  expect(await refused(authenticate, token)).toMatchObject({ code: 'unauthorized' })
}

const texts = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
)
const base64url = fc
  .uint8Array({ maxLength: 100 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'))

it('holds for random texts, and for random texts in the form of a token', async () => {
  const tokens = fc.oneof(
    texts,
    fc.tuple(texts, texts, texts).map((parts) => parts.join('.')),
    fc.array(base64url, { maxLength: 6 }).map((parts) => parts.join('.')),
  )
  await fc.assert(
    fc.asyncProperty(tokens, async (token) => {
      for (const { authenticate } of doors) await expectRefused(authenticate, token)
    }),
    RUNS,
  )
})

it('holds for random JSON as a header or as claims, with any signature', async () => {
  const headers = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        alg: fc.constantFrom('HS256', 'ES256', 'RS256', 'EdDSA', 'none', 'HS512'),
        kid: fc.jsonValue(),
        crit: fc.jsonValue(),
        b64: fc.boolean(),
        zip: fc.constant('DEF'),
        enc: fc.constant('A256GCM'),
        jwk: fc.jsonValue(),
      },
      { requiredKeys: ['alg'] },
    ),
  )
  const claims = fc.oneof(fc.jsonValue(), fc.constant(claimsOf({ roles: ['admin'] })))
  await fc.assert(
    fc.asyncProperty(headers, claims, base64url, async (header, said, signature) => {
      for (const { authenticate } of doors) {
        await expectRefused(authenticate, `${unsigned(header, said)}.${signature}`)
      }
    }),
    RUNS,
  )
})

it('holds for random JSON as claims, with the right signature', async () => {
  const { authenticate } = doors[0]!
  const odd = fc.dictionary(
    fc.constantFrom('sub', 'exp', 'iat', 'nbf', 'jti', 'roles', 'topics', 'iss', 'aud'),
    fc.jsonValue(),
  )
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.jsonValue(), odd), async (claims) => {
      await expectRefused(authenticate, mint(claims))
    }),
    RUNS,
  )
})

it('holds for a good token of which something was changed', async () => {
  const changes = fc.record({
    at: fc.nat(),
    deletes: fc.nat(3),
    inserts: fc.oneof(
      fc.constantFrom('', '.', '=', '-', '_', 'A', ' '),
      fc.string({ maxLength: 4 }),
    ),
  })
  await fc.assert(
    fc.asyncProperty(changes, async ({ at, deletes, inserts }) => {
      for (const { authenticate, token } of doors) {
        const start = at % token.length
        const changed = token.slice(0, start) + inserts + token.slice(start + deletes)
        if (!isSame(token, changed)) await expectRefused(authenticate, changed)
      }
    }),
    RUNS,
  )
})

/** A signature is bytes, and some bytes can be written down in more than one way. */
function isSame(token: string, changed: string): boolean {
  const [header, claims, signature = ''] = token.split('.')
  const [header2, claims2, signature2 = '', ...rest] = changed.split('.')
  if (header !== header2 || claims !== claims2 || rest.length > 0) return false
  return Buffer.from(signature, 'base64url').equals(Buffer.from(signature2, 'base64url'))
}
