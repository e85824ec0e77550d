// What a page of another site may make a browser do: name any Origin that it has, post forms, open
// WebSockets, rebind its own name to this address. It changes nothing and reads nothing, also where
// everybody is believed.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type HttpAnswer, httpRequest, UPGRADE_HEADERS } from '../support/httpRequest.js'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { WatchedServer } from '../support/WatchedServer.js'

const ALLOWED = 'https://app.example.com'
const BODIES: Readonly<Record<string, string>> = {
  send: '{"type":"forged"}',
  broadcast: '{"type":"forged"}',
  force: '{"everyone":true}',
  ticket: '',
  revoke: '{"userId":"victim"}',
}
const WRITING = Object.keys(BODIES)
const READING = ['poll', 'stream', 'status', 'nothing']
const FOREIGN = [
  'https://evil.example',
  'null',
  '',
  'file://',
  'http://localhost',
  'http://localhost.evil.example',
  'https://app.example.com.evil.example',
  'https://app.example.com:8443',
  'http://app.example.com',
  'https://APP.example.com',
  'https://app.example.com/',
  'https://evil@app.example.com',
  'https://app.example.com, https://evil.example',
  '*',
  'chrome-extension://abcdefgh',
  'javascript:0',
  'constructor',
]
/** What a form, or a script without a preflight, can say. */
const SIMPLE_TYPES = [
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/plain',
  'text/plain; application/json',
  '',
]

let secured: WatchedServer
let open: TestServer

beforeAll(async () => {
  secured = await WatchedServer.start({ CORS_ORIGINS: ALLOWED })
  open = await startTestServer({ corsOrigins: ALLOWED })
})

afterAll(async () => {
  await open?.close()
  await secured?.end()
})

/** Where a browser is most dangerous: a believed token on the one, no need of any on the other. */
const servers = (): readonly (readonly [string, Record<string, string>])[] => [
  [secured.url, { Authorization: `Bearer ${secured.token('victim', { roles: ['admin'] })}` }],
  [open.url, {}],
]

const post = (url: string, door: string, headers: Record<string, string>): Promise<HttpAnswer> =>
  httpRequest(`${url}/api/sync/${door}`, { method: 'POST', headers, body: BODIES[door] ?? '' })

/** Whether anything was published or forced meanwhile that everybody or the victim would read. */
async function changesDuring(url: string, who: Record<string, string>, act: () => Promise<void>) {
  const poll = (since: string) =>
    httpRequest(`${url}/api/sync/poll?since=${since}`, { headers: who })
  const { cursor } = (await poll('now')).body
  await act()
  const { count, resync } = (await poll(cursor)).body
  return { count, resync }
}

const NONE = { count: 0, resync: false }

describe('a foreign Origin', () => {
  it.each(FOREIGN)('"%s" is refused at every writing door, and nothing is done', async (origin) => {
    for (const [url, who] of servers()) {
      const forge = async () => {
        for (const door of WRITING) {
          for (const type of ['application/json', ...SIMPLE_TYPES]) {
            const answer = await post(url, door, { ...who, Origin: origin, 'Content-Type': type })
            expect(answer).toMatchObject({ status: 403, body: { error: { code: 'forbidden' } } })
            expect(answer.headers['access-control-allow-origin']).toBeUndefined()
          }
        }
      }
      expect(await changesDuring(url, who, forge)).toEqual(NONE)
    }
  })

  it.each(FOREIGN)('"%s" opens no WebSocket, whatever credential comes along', async (origin) => {
    const ticket = await secured.ticket('victim')
    for (const [url, who] of servers()) {
      for (const path of ['/ws', `/ws?ticket=${ticket}`]) {
        const headers = { ...UPGRADE_HEADERS, ...who, Origin: origin }
        const answer = await httpRequest(url + path, { headers })
        expect(answer).toMatchObject({ status: 403, body: { error: { code: 'forbidden' } } })
      }
    }
  })

  it('of any kind is told no answer that a page could read, at any reading door', async () => {
    for (const [url, who] of servers()) {
      for (const origin of FOREIGN) {
        for (const door of READING) {
          const headers = { ...who, Origin: origin }
          const answer = await httpRequest(`${url}/api/sync/${door}`, { headers })
          expect(answer.headers['access-control-allow-origin']).toBeUndefined()
          expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
        }
      }
    }
  })
})

describe('a form, or a script without a preflight', () => {
  it.each(SIMPLE_TYPES)('can publish nothing as "%s", even from the own page', async (type) => {
    for (const [url, who] of servers()) {
      for (const door of ['send', 'broadcast', 'revoke', 'force']) {
        for (const origin of [undefined, url, ALLOWED]) {
          const headers = { ...who, 'Content-Type': type, ...(origin && { Origin: origin }) }
          expect(
            await changesDuring(url, who, async () => {
              expect((await post(url, door, headers)).status).toBe(415)
            }),
          ).toEqual(NONE)
        }
      }
    }
  })

  it('is not let in by a cookie', async () => {
    const token = secured.token('victim')
    for (const door of [...WRITING, ...READING.slice(0, 3)]) {
      const answer = await httpRequest(`${secured.url}/api/sync/${door}`, {
        method: WRITING.includes(door) ? 'POST' : 'GET',
        headers: { Cookie: `token=${token}; Authorization=Bearer ${token}; ticket=${token}` },
      })
      expect(answer.status).toBe(401)
    }
  })
})

describe('a name that was rebound to this address', () => {
  const REBOUND = [
    'evil.example',
    'evil.example:80',
    'localhost.evil.example',
    '127.0.0.1.nip.example',
  ]

  it.each(REBOUND)('%s is refused everywhere, though its Origin equals its Host', async (host) => {
    for (const [url, who] of servers()) {
      const headers = { ...who, Host: host, Origin: `http://${host}` }
      for (const door of READING) {
        expect((await httpRequest(`${url}/api/sync/${door}`, { headers })).status).toBe(403)
      }
      for (const door of WRITING) expect((await post(url, door, headers)).status).toBe(403)
      for (const path of ['/', '/metrics', '/ws', '/nothing']) {
        expect((await httpRequest(url + path, { headers })).status).toBe(403)
      }
      const upgrade = { ...UPGRADE_HEADERS, ...headers }
      expect((await httpRequest(`${url}/ws`, { headers: upgrade })).status).toBe(403)
    }
  })
})
