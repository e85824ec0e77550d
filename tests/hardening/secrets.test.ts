// Credentials where they do not belong, broken, or too many: whatever is answered and printed then,
// none of it says them again. The watchers search all that was received for every one of them.

import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { httpRequest, JSON_HEADERS } from '../support/httpRequest.js'
import { jsonFrame, RawSocket } from '../support/RawSocket.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { WatchedServer } from '../support/WatchedServer.js'
import { waitFor } from '../support/waitFor.js'

const DOORS = ['poll', 'stream', 'status', 'send', 'broadcast', 'force', 'ticket', 'revoke', 'none']
const WRITING = new Set(['send', 'broadcast', 'force', 'ticket', 'revoke'])
const serviceSecret = randomBytes(32).toString('base64url')

let server: WatchedServer

beforeAll(async () => {
  server = await WatchedServer.start({ SERVICE_TOKENS: `billing:${serviceSecret}` })
  server.secrets.note(serviceSecret)
})

afterEach(() => server.expectUnharmed())

afterAll(() => server?.end())

/** Each kind that there is, new. */
const kinds = async () => [
  server.token('owner'),
  server.token('expired', { exp: 1_700_000_000, iat: 1_699_999_000 }),
  server.token('not yet', { nbf: 4_000_000_000 }),
  serviceSecret,
  server.secrets.signingSecret,
  await server.ticket('owner'),
]

interface Asked {
  readonly path?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** Shows it at every door. */
async function show(asked: (door: string) => Asked): Promise<void> {
  for (const door of DOORS) {
    const { path = door, headers = {}, body = '{"type":"a"}' } = asked(door)
    const isWriting = WRITING.has(door)
    const answer = await httpRequest(`${server.url}/api/sync/${path}`, {
      method: isWriting ? 'POST' : 'GET',
      headers: { ...(isWriting && JSON_HEADERS), ...headers },
      ...(isWriting && { body }),
    })
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
  }
}

describe('a credential that is not where it belongs', () => {
  it.each<[string, (secret: string, door: string) => Asked]>([
    ['the query, as a token', (secret, door) => ({ path: `${door}?token=${secret}` })],
    ['the query, as a position', (secret, door) => ({ path: `${door}?since=${secret}` })],
    ['the path', (secret, door) => ({ path: `${door}/${secret}` })],
    ['a cookie', (secret) => ({ headers: { Cookie: `token=${secret}` } })],
    ['Last-Event-ID', (secret) => ({ headers: { 'Last-Event-ID': secret } })],
    ['Idempotency-Key', (secret) => ({ headers: { 'Idempotency-Key': secret } })],
    ['a Referer', (secret) => ({ headers: { Referer: `http://localhost/?token=${secret}` } })],
    ['X-Forwarded-For', (secret) => ({ headers: { 'X-Forwarded-For': secret } })],
    ['Basic', (secret) => ({ headers: { Authorization: `Basic ${secret}` } })],
    ['no scheme', (secret) => ({ headers: { Authorization: secret } })],
    ['an Origin', (secret) => ({ headers: { Origin: `https://${secret}.example` } })],
    ['a Host', (secret) => ({ headers: { Host: `${secret}.example` } })],
    ['a body', (secret) => ({ body: `{"type":"${secret}","token":"${secret}"}` })],
    ['a body that is none', (secret) => ({ body: `{"${secret}` })],
    ['a type of content', (secret) => ({ headers: { 'Content-Type': `text/${secret}` } })],
  ])('is refused and not said again: %s', async (_where, asked) => {
    for (const secret of await kinds()) await show((door) => asked(secret, door))
  })

  it('is not said again either to one who is believed', async () => {
    const Authorization = `Bearer ${server.token('owner', { roles: ['admin'] })}`
    for (const secret of await kinds()) {
      const queries = [`since=${secret}`, `topics=${secret}!`, `limit=${secret}`, `token=${secret}`]
      for (const query of queries) {
        const url = `${server.url}/api/sync/poll?${query}`
        expect((await httpRequest(url, { headers: { Authorization } })).status).toBe(400)
      }
      const bodies = [{ type: `${secret}!` }, { type: 'a', topics: secret }]
      for (const body of bodies) {
        const answer = await httpRequest(`${server.url}/api/sync/send`, {
          method: 'POST',
          headers: { ...JSON_HEADERS, Authorization },
          body: JSON.stringify(body),
        })
        expect(answer.status).toBe(400)
      }
    }
  })
})

describe('a credential that is broken, doubled or used', () => {
  it('is refused and not said again, over HTTP', async () => {
    const token = server.token('owner')
    const [header, payload, signature] = token.split('.')
    const broken = [
      `${token}x`,
      `${token}.`,
      `.${token}`,
      `${header}.${payload}`,
      `${payload}.${header}.${signature}`,
      `${header}..${signature}`,
      `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.${signature}`,
      `dev:${signature}`,
      `${token} ${token}`,
      `${token},${token}`,
    ]
    for (const credential of broken) {
      await show(() => ({ headers: { Authorization: `Bearer ${credential}` } }))
    }
    for (const credential of await kinds()) {
      await show((door) => ({
        path: `${door}?ticket=${credential}`,
        headers: { Authorization: `Bearer ${token}` },
      }))
    }
  })

  it('is refused and not said again, on a WebSocket', async () => {
    for (const secret of await kinds()) {
      const frames = [
        { op: 'connect', token: `${secret}x` },
        { op: 'connect', ticket: `${secret}x` },
        { op: 'connect', token: secret, ticket: secret },
        { op: 'connect', token: server.token('owner'), since: secret },
        { op: 'connect', token: server.token('owner'), topics: [`${secret}!`] },
        { op: secret },
        { op: 'connect', token: { [secret]: secret } },
      ]
      for (const frame of frames) {
        const raw = await RawSocket.upgraded(server.url)
        raw.write(jsonFrame(frame))
        expect([4400, 4401, 4500, 4501]).toContain(await waitFor('a close', () => raw.closeCode))
        await raw.close()
      }
    }
  })

  it('is not said again by a live connection that is refreshed with it', async () => {
    for (const secret of await kinds()) {
      const socket = await SocketClient.connect(server.url, { token: server.token('owner') })
      socket.send({ op: 'subscribe', topics: [`${secret}!`] })
      socket.send({ op: 'send', message: { type: `${secret}!` } })
      socket.send({ op: 'refresh', token: `${secret}x` })
      expect([4401, 4501]).toContain((await socket.closed).code)
    }
  })

  it('opens one connection, where it is a ticket, and names itself nowhere', async () => {
    const first = await server.ticket('owner')
    const stream = await StreamClient.open(server.url, { query: { ticket: first } })
    await stream.next('connected')
    stream.close()
    await show((door) => ({ path: `${door}?ticket=${first}` }))

    const second = await server.ticket('owner')
    const socket = await SocketClient.connect(server.url, { ticket: second })
    const again = await RawSocket.upgraded(server.url)
    again.write(jsonFrame({ op: 'connect', ticket: second }))
    expect(await waitFor('the close', () => again.closeCode)).toBe(4401)
    await again.close()
    await socket.close()
  })
})
