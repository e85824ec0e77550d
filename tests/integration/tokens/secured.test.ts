// A server as people secure it, with AUTH_JWT_SECRET and nothing else: who shows no token that it
// signed is refused at every door.

import { createHmac } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { Api } from '../../support/Api.js'
import { allDoors, knock } from '../../support/doors.js'
import { closeOpenClients } from '../../support/openClients.js'
import { SocketClient } from '../../support/SocketClient.js'
import { type ServerProcess, startServerProcess } from '../../support/serverProcess.js'
import { claimsOf, HOUR_MS, SECRET, signed } from '../../support/signedTokens.js'

let server: ServerProcess
beforeAll(async () => {
  server = await startServerProcess({ AUTH_JWT_SECRET: SECRET, NODE_ENV: 'production' })
})
afterEach(closeOpenClients)
afterAll(() => server?.kill())

const part = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url')

/** A token with this header, signed with a key of ours. */
function forged(header: object, key = SECRET, hash = 'sha256'): string {
  const text = `${part(header)}.${part(claimsOf({ sub: 'ann', roles: ['admin'] }))}`
  return `${text}.${createHmac(hash, key).update(text).digest('base64url')}`
}

const good = () => signed({ sub: 'ann', roles: ['admin'] })
const elsewhere = 'another secret that is long enough: 0123456789'

describe('a server with a secret', () => {
  it('lets in who has a token that it signed', async () => {
    expect(await knock(server.url, await good())).toEqual(
      allDoors(200, 101, {
        'POST /send': 201,
        'POST /broadcast': 201,
        'POST /force': 202,
        'POST /ticket': 201,
      }),
    )
    expect((await new Api(server.url, forged({ alg: 'HS256' })).poll()).status).toBe(200)
  })

  it.each<[string, () => string | undefined | Promise<string>]>([
    ['no token', () => undefined],
    ['a token of the open mode', () => 'dev:alice'],
    ['an admin of the open mode', () => 'dev:alice:admin'],
    ['nonsense', () => 'nonsense'],
    ['another secret', () => forged({ alg: 'HS256' }, elsewhere)],
    ['an empty secret', () => forged({ alg: 'HS256' }, '')],
    ['no signature', async () => (await good()).replace(/\.[^.]*$/, '.')],
    ['a signature that is cut', async () => (await good()).slice(0, -2)],
    [
      'other claims than were signed',
      async () => {
        const [header, , signature] = (await good()).split('.')
        return [header, part(claimsOf({ sub: 'ben' })), signature].join('.')
      },
    ],
    ['the algorithm "none"', () => `${forged({ alg: 'none' }).replace(/\.[^.]*$/, '')}.`],
    ['HS512 of the same secret', () => forged({ alg: 'HS512' }, SECRET, 'sha512')],
    ['a header that says RS256', () => forged({ alg: 'RS256' })],
    ['a header that must be understood', () => forged({ alg: 'HS256', crit: ['x'], x: 1 })],
    ['the secret itself', () => SECRET],
  ])('refuses at every door: %s', async (_what, make) => {
    expect(await knock(server.url, await make())).toEqual(allDoors(401, 4501))
  })

  it('says of a token that was good once that a fresh one is needed', async () => {
    const old = await signed({ sub: 'ann' }, { nowMs: Date.now() - 2 * HOUR_MS, ttlMs: HOUR_MS })
    expect(await knock(server.url, old)).toEqual(allDoors(401, 4401))
  })

  it('lets two users see nothing of each other', async () => {
    const [ann, ben] = [await signed({ sub: 'ann' }), await signed({ sub: 'ben' })]
    const sockets = await Promise.all(
      [ann, ben].map((token) => SocketClient.connect(server.url, { token })),
    )
    const sent = await new Api(server.url, ann).send({ type: 'a', payload: 'mine' })
    expect(sent.status).toBe(201)
    expect((await sockets[0]!.next('message')).message.payload).toBe('mine')
    expect((await new Api(server.url, ben).send({ type: 'a', payload: 'theirs' })).status).toBe(201)
    expect((await sockets[1]!.next('message')).message.payload).toBe('theirs')
    expect((await new Api(server.url, ben).poll()).body.messages).toMatchObject([{ userId: 'ben' }])
  })

  it('prints neither its secret nor a token', async () => {
    const token = await good()
    await new Api(server.url, token).request('POST', '/api/sync/revoke', { body: { jti: 'x' } })
    expect(server.output()).toContain('revoked')
    expect(server.output()).not.toContain(SECRET)
    expect(server.output()).not.toMatch(/eyJ[\w-]{10}/)
  })
})
