// `POST /revoke`: an admin ends what acts for a user, or by one token, and it opens nothing more.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Api } from '../../support/Api.js'
import { allDoors, knock, knockAtSocket } from '../../support/doors.js'
import { expectError } from '../../support/expectError.js'
import { EXPIRED, LiveReaders } from '../../support/LiveReaders.js'
import { closeOpenClients } from '../../support/openClients.js'
import { RawSocket } from '../../support/RawSocket.js'
import { SocketClient } from '../../support/SocketClient.js'
import { HOUR_MS, SECRET, signed } from '../../support/signedTokens.js'
import { TestClock } from '../../support/TestClock.js'
import { startTestServer, type TestServer } from '../../support/testServer.js'
import { waitFor } from '../../support/waitFor.js'

const SERVICE = { name: 'billing', secret: 'a service secret for tests: 0123456789' }

let clock: TestClock
let server: TestServer
beforeEach(async () => {
  clock = new TestClock()
  server = await startTestServer({
    authJwtSecret: SECRET,
    serviceTokens: [SERVICE],
    ...clock.clocks,
  })
})
afterEach(async () => {
  await closeOpenClients()
  await server.close()
})

const signedNow = (claims: Parameters<typeof signed>[0]) => signed(claims, { nowMs: clock.nowMs })

async function revoke(revocation: unknown, token?: string) {
  const admin = token ?? (await signedNow({ sub: 'root', roles: ['admin'] }))
  return new Api(server.url, admin).request('POST', '/api/sync/revoke', { body: revocation })
}

const IN = allDoors(200, 101, {
  'POST /send': 403,
  'POST /broadcast': 403,
  'POST /force': 403,
  'POST /ticket': 201,
  'POST /revoke': 403,
})

describe('a revocation of a user', () => {
  it('ends all that is live of theirs, refuses their tokens from then on, and touches nobody else', async () => {
    const tokens = await Promise.all([
      signedNow({ sub: 'ann' }),
      signedNow({ sub: 'ann', jti: 'x' }),
    ])
    const readers = await Promise.all(tokens.map((token) => LiveReaders.open(server, token)))
    const ben = await signedNow({ sub: 'ben', roles: ['ann'] })
    const other = await LiveReaders.open(server, ben)
    const answer = await revoke({ userId: 'ann' })
    expect(answer).toMatchObject({ status: 200, body: { success: true, disconnected: 6 } })
    for (const reader of readers) expect(await reader.ends()).toEqual(EXPIRED)
    for (const token of tokens) expect(await knock(server.url, token)).toEqual(allDoors(401, 4401))
    expect(await other.areServed()).toBe(true)
    expect(await knock(server.url, ben)).toEqual(IN)
  })

  it('lets in the tokens that are issued later', async () => {
    const old = await signedNow({ sub: 'ann' })
    await revoke({ userId: 'ann' })
    clock.forward(1000)
    expect(await knock(server.url, await signedNow({ sub: 'ann' }))).toEqual(IN)
    expect(await knock(server.url, old)).toEqual(allDoors(401, 4401))
  })

  it('is remembered for as long as any such token can live', async () => {
    const longest = { nowMs: clock.nowMs, ttlMs: 24 * HOUR_MS }
    const token = await signed({ sub: 'ann' }, longest)
    await revoke({ userId: 'ann' })
    await revoke({ userId: 'ben' })
    clock.forward(24 * HOUR_MS - 2000)
    // Old ones are forgotten when a new one comes.
    await revoke({ userId: 'cat' })
    expect((await new Api(server.url, token).poll()).status).toBe(401)
  })

  it('reaches tokens that say nothing of when they were issued', async () => {
    const token = await signedNow({ sub: 'ann', iat: undefined })
    expect((await new Api(server.url, token).poll()).status).toBe(200)
    await revoke({ userId: 'ann' })
    clock.forward(10_000)
    expect((await new Api(server.url, token).poll()).status).toBe(401)
  })

  it('refuses a refresh by an old token, a ticket that waits, and a send that is under way', async () => {
    const token = await signedNow({ sub: 'ann' })
    const { ticket } = (await new Api(server.url, token).request('POST', '/api/sync/ticket')).body
    const raw = await RawSocket.open(server.url)
    raw.write(
      `POST /api/sync/send HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 12\r\n\r\n{"type',
    )
    expect((await new Api(server.url, token).poll()).status).toBe(200)
    await revoke({ userId: 'ann' })
    raw.write('":"a"}')
    await waitFor('an answer', () => raw.text !== '')
    expect(raw.text).toMatch(/^HTTP\/1\.1 401 /)
    expect(await knockAtSocket(server.url, { ticket })).toBe(4401)
    clock.forward(1000)
    const fresh = await signedNow({ sub: 'ann' })
    const socket = await SocketClient.connect(server.url, { token: fresh })
    socket.send({ op: 'refresh', token })
    expect((await socket.closed).code).toBe(4401)
  })

  it('refuses a revocation that the admin it means has under way', async () => {
    const token = await signedNow({ sub: 'ann', roles: ['admin'] })
    const raw = await RawSocket.open(server.url)
    raw.write(
      `POST /api/sync/revoke HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 16\r\n\r\n{"user',
    )
    expect((await new Api(server.url, token).poll()).status).toBe(200)
    const ben = await signedNow({ sub: 'ben' })
    await revoke({ userId: 'ann' })
    raw.write('Id":"ben"}')
    await waitFor('an answer', () => raw.text !== '')
    expect(raw.text).toMatch(/^HTTP\/1\.1 401 /)
    expect((await new Api(server.url, ben).poll()).status).toBe(200)
    await raw.close()
  })

  it('means a user, not the service that is called as they are', async () => {
    await revoke({ userId: SERVICE.name })
    const answer = await new Api(server.url, SERVICE.secret).send({ type: 'a', userId: 'ann' })
    expect(answer.status).toBe(201)
  })
})

describe('a revocation of one token', () => {
  it('ends what came by it, and refuses it alone', async () => {
    const lost = await signedNow({ sub: 'ann', jti: 'lost' })
    const kept = await signedNow({ sub: 'ann', jti: 'kept' })
    const readers = await LiveReaders.open(server, lost)
    const other = await LiveReaders.open(server, kept)
    const answer = await revoke({ jti: 'lost' })
    expect(answer).toMatchObject({ status: 200, body: { disconnected: 3 } })
    expect(await readers.ends()).toEqual(EXPIRED)
    expect(await other.areServed()).toBe(true)
    clock.forward(5000)
    expect(await knock(server.url, lost)).toEqual(allDoors(401, 4401))
    expect(await knock(server.url, kept)).toEqual(IN)
  })

  it('does not mean a user of that name, nor the other way round', async () => {
    const user = await signedNow({ sub: 'same', jti: 'other' })
    const token = await signedNow({ sub: 'other', jti: 'same' })
    await revoke({ jti: 'same' })
    expect((await new Api(server.url, user).poll()).status).toBe(200)
    expect((await new Api(server.url, token).poll()).status).toBe(401)
    await revoke({ userId: 'other' })
    expect((await new Api(server.url, user).poll()).status).toBe(200)
  })

  it('goes with a socket: one that refreshed to another token is not meant any more', async () => {
    const socket = await SocketClient.connect(server.url, {
      token: await signedNow({ sub: 'ann', jti: 'first' }),
    })
    await socket.ask({ op: 'refresh', token: await signedNow({ sub: 'ann', jti: 'second' }) })
    expect(await revoke({ jti: 'first' })).toMatchObject({ body: { disconnected: 0 } })
    expect(await socket.ask({ op: 'ping' })).toMatchObject({ op: 'ok' })
    expect(await revoke({ jti: 'second' })).toMatchObject({ body: { disconnected: 1 } })
    expect((await socket.closed).code).toBe(4401)
  })
})

describe('who may revoke', () => {
  it('is no admin who was revoked before the body came to its end', async () => {
    const token = await signedNow({ sub: 'root', roles: ['admin'] })
    const raw = await RawSocket.open(server.url)
    const body = JSON.stringify({ userId: 'ben' })
    raw.write(
      `POST /api/sync/revoke HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n{`,
    )
    expect((await new Api(server.url, token).poll()).status).toBe(200)
    await revoke({ userId: 'root' })
    raw.write(body.slice(1))
    await waitFor('an answer', () => raw.text !== '')
    expect(raw.text).toMatch(/^HTTP\/1\.1 401 /)
    const ben = await signedNow({ sub: 'ben' })
    expect((await new Api(server.url, ben).poll()).status).toBe(200)
  })

  it.each([
    ['a user', () => signed({ sub: 'ann', roles: ['boss'] })],
    ['the user themself', () => signed({ sub: 'ann' })],
    ['a service by its role', () => signed({ sub: 'jobs', roles: ['service'] })],
    ['a service by its secret', async () => SERVICE.secret],
  ])('is not %s', async (_who, make) => {
    const ann = await signed({ sub: 'ann' })
    const answer = await revoke({ userId: 'ann' }, await make())
    expectError(answer, 403, 'forbidden')
    expect((await new Api(server.url, ann).poll()).status).toBe(200)
  })

  it('is no admin whose own token was revoked before the body had ended', async () => {
    const token = await signedNow({ sub: 'root', roles: ['admin'], jti: 'lost' })
    const ann = await signedNow({ sub: 'ann' })
    const raw = await RawSocket.open(server.url)
    raw.write(
      `POST /api/sync/revoke HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 16\r\n\r\n{"user',
    )
    expect((await new Api(server.url, token).poll()).status).toBe(200)
    await revoke({ jti: 'lost' })
    raw.write('Id":"ann"}')
    await waitFor('an answer', () => raw.text !== '')
    expect(raw.text).toMatch(/^HTTP\/1\.1 401 /)
    expect((await new Api(server.url, ann).poll()).status).toBe(200)
  })

  it.each([
    ['nothing', undefined],
    ['an empty object', {}],
    ['both at once', { userId: 'ann', jti: 'x' }],
    ['a list', { userId: ['ann'] }],
    ['an unknown field', { userId: 'ann', before: 1 }],
    ['an empty name', { userId: '' }],
  ])('is told what is wrong with %s', async (_what, body) => {
    expectError(await revoke(body), 400, 'invalid_request')
  })
})

it('a host’s own code revokes as well', async () => {
  const readers = await LiveReaders.open(server, await signedNow({ sub: 'ann' }))
  expect(await server.server.revoke({ userId: 'ann' })).toBe(3)
  expect(await readers.ends()).toEqual(EXPIRED)
})
