// Tokens of an identity provider, whose public keys are fetched from AUTH_JWKS_URL: also while it
// has new keys, and while it can't be reached.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { base64url, SignJWT } from 'jose'
import { Api } from '../../support/Api.js'
import { allDoors, knock } from '../../support/doors.js'
import { KeyServer } from '../../support/KeyServer.js'
import { closeOpenClients } from '../../support/openClients.js'
import { claimsOf } from '../../support/signedTokens.js'
import { TestClock } from '../../support/TestClock.js'
import { startTestServer, type TestServer } from '../../support/testServer.js'

let clock: TestClock
let keys: KeyServer
let server: TestServer
beforeEach(async () => {
  clock = new TestClock()
  keys = await KeyServer.start()
  server = await startTestServer({
    authJwksUrl: keys.url,
    authIssuer: 'https://id.example.com',
    authAudience: ['syncline'],
    authRolesClaim: 'realm_access.roles',
    authAdminRole: 'syncline-admin',
    // Only what never jumps: how old keys are is no matter of the wall's clock.
    monotonicNow: clock.clocks.monotonicNow,
  })
})
afterEach(async () => {
  await closeOpenClients()
  await server.close()
  await keys.close()
})

const OURS = { iss: 'https://id.example.com', aud: 'syncline' }
const claims = { ...OURS, sub: 'ann', realm_access: { roles: ['syncline-admin'] } }
const IN = allDoors(200, 101, {
  'POST /send': 201,
  'POST /broadcast': 201,
  'POST /force': 202,
  'POST /ticket': 201,
})
const statusOf = async (token: string) => (await new Api(server.url, token).poll()).status

describe.each(['RS256', 'ES256', 'EdDSA'] as const)('a token signed by %s', (alg) => {
  it('is good at every door, and nobody else’s of that name', async () => {
    await keys.add('first', alg)
    const good = await keys.sign('first', claims)
    expect(await knock(server.url, good)).toEqual(IN)
    const stranger = await KeyServer.start()
    await stranger.add('first', alg)
    const forged = await stranger.sign('first', claims)
    await stranger.close()
    expect(await knock(server.url, forged)).toEqual(allDoors(401, 4501))
    expect(keys.asked).toBe(1)
  })
})

describe('a token that is not for this server', () => {
  it.each<[string, object]>([
    ['of another issuer', { ...claims, iss: 'https://evil.example.com' }],
    ['of no issuer', { ...claims, iss: undefined }],
    ['for another audience', { ...claims, aud: 'billing' }],
    ['for no audience', { ...claims, aud: undefined }],
    ['with no end', { ...claims, exp: undefined }],
    ['of nobody', { ...claims, sub: undefined }],
    ['of a user that is a number', { ...claims, sub: 7 }],
    ['that lives too long', { ...claims, exp: Math.floor(Date.now() / 1000) + 90_000 }],
  ])('is refused: one %s', async (_what, wrong) => {
    await keys.add('first', 'ES256')
    expect(await knock(server.url, await keys.sign('first', wrong))).toEqual(allDoors(401, 4501))
  })

  it('is refused: one signed with a public key as if it were a shared secret', async () => {
    const publicKey = await keys.add('first', 'RS256')
    for (const secret of [JSON.stringify(publicKey), String(publicKey.n)]) {
      const forged = new SignJWT(claimsOf(claims)).setProtectedHeader({
        alg: 'HS256',
        kid: 'first',
      })
      expect(await statusOf(await forged.sign(Buffer.from(secret)))).toBe(401)
    }
    const none = [{ alg: 'none' }, claimsOf(claims)].map((part) =>
      base64url.encode(JSON.stringify(part)),
    )
    expect(await statusOf(`${none.join('.')}.`)).toBe(401)
  })

  it('is refused: one that brings its own key, or says where it is', async () => {
    await keys.add('first', 'ES256')
    const stranger = await KeyServer.start()
    const jwk = await stranger.add('first', 'ES256')
    const good = await stranger.sign('first', claims)
    const [, payload, signature] = good.split('.')
    for (const header of [{ jwk }, { jku: stranger.url }, { x5u: stranger.url }]) {
      const said = base64url.encode(JSON.stringify({ alg: 'ES256', kid: 'first', ...header }))
      expect(await statusOf([said, payload, signature].join('.'))).toBe(401)
    }
    expect(stranger.asked).toBe(0)
    await stranger.close()
  })

  it('is no admin by a role that is called so', async () => {
    await keys.add('first', 'ES256')
    const token = await keys.sign('first', {
      ...claims,
      roles: ['admin', 'syncline-admin'],
      realm_access: { roles: ['admin'] },
    })
    const answer = await new Api(server.url, token).broadcast({ type: 'a' })
    expect(answer.status).toBe(403)
  })
})

describe('the keys of the provider', () => {
  it('are fetched anew for a key that is new, and the old one goes', async () => {
    await keys.add('first', 'ES256')
    const old = await keys.sign('first', claims)
    expect(await statusOf(old)).toBe(200)
    keys.withdraw('first')
    await keys.add('second', 'EdDSA')
    expect(await statusOf(await keys.sign('second', claims))).toBe(200)
    expect(await statusOf(old)).toBe(401)
  })

  it('are not asked for more than a few times a minute, whatever keys tokens name', async () => {
    await keys.add('first', 'ES256')
    const good = await keys.sign('first', claims)
    const names = Array.from({ length: 100 }, (_, n) => `made-up-${n}`)
    const made = await Promise.all(names.map((name) => keys.sign('first', claims, name)))
    for (const token of made) expect([401, 503]).toContain(await statusOf(token))
    expect(keys.asked).toBeLessThanOrEqual(6)
    expect(await statusOf(good)).toBe(200)
  })

  it('come within seconds, and shut nobody out for good, however many made-up keys tokens name', async () => {
    await keys.add('first', 'ES256')
    for (let n = 0; n < 10; n += 1) {
      await statusOf(await keys.sign('first', claims, `made-up-${n}`))
    }
    await keys.add('second', 'ES256')
    const fresh = await keys.sign('second', claims)
    expect(await knock(server.url, fresh)).toEqual(allDoors(401, 4401))
    clock.forward(10_000)
    expect(await statusOf(fresh)).toBe(200)
  })

  it('stay good where the provider says that it has none', async () => {
    await keys.add('first', 'ES256')
    const good = await keys.sign('first', claims)
    expect(await statusOf(good)).toBe(200)
    keys.withdraw('first')
    expect(await statusOf(await keys.sign('first', claims, 'second'))).toBe(503)
    expect(await knock(server.url, good)).toEqual(IN)
  })

  it('are good while the provider is down, for hours, and new ones come when it is back', async () => {
    await keys.add('first', 'ES256')
    const good = await keys.sign('first', claims)
    expect(await statusOf(good)).toBe(200)
    keys.isDown = true
    await keys.add('second', 'ES256')
    const fresh = await keys.sign('second', claims)
    for (let hours = 0; hours < 3; hours += 1) {
      clock.forward(3_600_000)
      expect(await knock(server.url, good)).toEqual(IN)
      const answer = await new Api(server.url, fresh).poll()
      expect(answer).toMatchObject({ status: 503, body: { error: { code: 'unavailable' } } })
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    keys.isDown = false
    clock.forward(61_000)
    expect(await statusOf(fresh)).toBe(200)
  })

  it('can not be had at the start: that is 503 and 1013, and over when the provider is up', async () => {
    await keys.add('first', 'ES256')
    const good = await keys.sign('first', claims)
    keys.isDown = true
    expect(await knock(server.url, good)).toEqual(allDoors(503, 1013))
    expect(await knock(server.url)).toEqual(allDoors(401, 4501))
    keys.isDown = false
    clock.forward(61_000)
    expect(await knock(server.url, good)).toEqual(IN)
  })
})
