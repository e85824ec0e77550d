// Which Host and Origin the server answers to. A page from elsewhere may name any of them, so they
// are checked on every door, in open mode too.

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type GuestServer, startGuestServer } from '../support/guestServer.js'
import { httpRequest, JSON_HEADERS, UPGRADE_HEADERS } from '../support/httpRequest.js'
import { RawSocket } from '../support/RawSocket.js'
import { SocketClient } from '../support/SocketClient.js'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { waitFor } from '../support/waitFor.js'

const POSTS = ['send', 'broadcast', 'force']

let server: TestServer

const get = (path: string, headers: Record<string, string>) =>
  httpRequest(`${server.url}${path}`, { headers })

const upgrade = (headers: Record<string, string>, url = server.url) =>
  httpRequest(`${url}/ws`, { headers: { ...UPGRADE_HEADERS, ...headers } })

const post = (path: string, headers: Record<string, string>) =>
  httpRequest(`${server.url}/api/sync/${path}`, {
    method: 'POST',
    headers: { ...JSON_HEADERS, ...headers },
    body: path === 'force' ? '{}' : '{"type":"a"}',
  })

const forbidden = {
  status: 403,
  body: { success: false, error: { code: 'forbidden', message: expect.any(String) } },
}

describe('by default', () => {
  beforeAll(async () => {
    server = await startTestServer()
  })
  afterAll(() => server.close())

  it.each([
    'evil.example',
    'evil.example:80',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'evil.example#localhost',
    'localhost@evil.example',
    'localhost/evil',
    'localhost:x',
    '10.0.0.1',
    '[::2]',
    '[::ffff:10.0.0.1]',
    '0.0.0.0',
  ])('answers 403 to the Host "%s" on every door', async (host) => {
    for (const path of ['poll', 'stream', 'status', 'nothing']) {
      expect(await get(`/api/sync/${path}`, { Host: host })).toMatchObject(forbidden)
    }
    for (const path of ['/ws', '/metrics', '/', '/nothing']) {
      expect(await get(path, { Host: host })).toMatchObject(forbidden)
    }
    for (const path of POSTS) expect(await post(path, { Host: host })).toMatchObject(forbidden)
    expect(await upgrade({ Host: host })).toMatchObject(forbidden)
  })

  it.each(['', 'Host:\r\n'])('answers 403 where there is no Host, as in "%s"', async (line) => {
    const raw = await RawSocket.open(server.url)
    raw.write(`GET /api/sync/status HTTP/1.0\r\n${line}\r\n`)
    await raw.closed
    expect(raw.text).toMatch(/^HTTP\/1\.1 403 /)
    expect(raw.text).toContain('"success":false')
  })

  it.each([
    'GET /api/sync/status HTTP/1.1\r\n',
    'GET /nothing HTTP/1.1\r\n',
    'GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n',
  ])('answers 400, and says why, where HTTP/1.1 has no Host: %j', async (head) => {
    const raw = await RawSocket.open(server.url)
    raw.write(`${head}\r\n`)
    await waitFor('the answer', () => raw.text.includes('"message":"Host: is missing"'))
    expect(raw.text).toMatch(/^HTTP\/1\.1 400 /)
    expect(raw.text).toContain('"code":"invalid_request"')
    await raw.close()
  })

  it.each(['localhost', 'LOCALHOST:1', '127.0.0.1', '127.0.0.2:9', '[::1]', '[::1]:5000'])(
    'answers to the Host "%s", whatever its port',
    async (host) => {
      expect((await get('/api/sync/status', { Host: host })).status).toBe(200)
      expect((await upgrade({ Host: host })).status).toBe(101)
    },
  )

  it('answers health probes under any Host, and tells them nothing', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const answer = await get(path, { Host: '10.1.2.3:8080' })
      expect(answer.status).toBe(200)
      expect(answer.body).toEqual({ success: true, status: expect.stringMatching(/^(ok|ready)$/) })
    }
  })

  it('takes posts and upgrades of its own Origin, with any scheme', async () => {
    const { host } = new URL(server.url)
    for (const origin of [`http://${host}`, `https://${host}`]) {
      for (const path of POSTS) {
        expect((await post(path, { Origin: origin })).status).toBeLessThan(300)
      }
      expect((await upgrade({ Origin: origin })).status).toBe(101)
    }
    expect((await upgrade({ Host: 'localhost:80', Origin: 'http://localhost' })).status).toBe(101)
    expect((await upgrade({ Host: 'localhost', Origin: 'https://localhost' })).status).toBe(101)
    expect((await upgrade({ Host: '[::1]:7', Origin: 'http://[::1]:7' })).status).toBe(101)
  })

  it.each([
    'null',
    'https://evil.example',
    'http://localhost.evil.example',
    'http://localhost:1',
    'http://127.0.0.1',
    'file://',
    'chrome-extension://abcdefgh',
    'nonsense',
    '',
  ])('answers 403 to posts and upgrades of the Origin "%s"', async (origin) => {
    for (const path of POSTS) expect(await post(path, { Origin: origin })).toMatchObject(forbidden)
    expect(await upgrade({ Origin: origin })).toMatchObject(forbidden)
  })

  it('publishes nothing for a foreign Origin, also without a body', async () => {
    const since = (await get('/api/sync/poll?since=now', {})).body.cursor
    const headers = { Origin: 'https://evil.example' }
    await post('broadcast', headers)
    await httpRequest(`${server.url}/api/sync/force`, { method: 'POST', headers })
    const after = await get(`/api/sync/poll?since=${since}`, {})
    expect(after.body).toMatchObject({ count: 0, resync: false, cursor: since })
  })

  it('lets no page from elsewhere read an answer', async () => {
    const answer = await get('/api/sync/status', { Origin: 'https://evil.example' })
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
  })
})

describe('with ALLOWED_HOSTS and CORS_ORIGINS', () => {
  beforeAll(async () => {
    server = await startTestServer({
      allowedHosts: 'app.example.com, api.example.com:8443, [2001:db8::1]',
      corsOrigins: 'https://app.example.com,http://dev.example.com:3000',
    })
  })
  afterAll(() => server.close())

  it.each([
    ['app.example.com', 200],
    ['App.Example.COM:1234', 200],
    ['api.example.com:8443', 200],
    ['api.example.com', 403],
    ['api.example.com:8444', 403],
    ['sub.app.example.com', 403],
    ['example.com', 403],
    ['[2001:db8::1]', 200],
    ['[2001:db8::1]:5000', 200],
    ['[2001:db8::2]', 403],
    ['localhost', 200],
  ])('answers the Host "%s" with %i', async (host, status) => {
    expect((await get('/api/sync/status', { Host: host })).status).toBe(status)
    expect((await upgrade({ Host: host })).status).toBe(status === 200 ? 101 : status)
  })

  it.each(['https://app.example.com', 'http://dev.example.com:3000'])(
    'takes posts and upgrades of %s and lets it read',
    async (origin) => {
      for (const path of POSTS) {
        const answer = await post(path, { Origin: origin })
        expect(answer.status).toBeLessThan(300)
        expect(answer.headers['access-control-allow-origin']).toBe(origin)
        expect(String(answer.headers.vary)).toMatch(/Origin/i)
        expect(answer.headers['access-control-expose-headers']).toBe(
          'Retry-After,RateLimit,RateLimit-Policy',
        )
      }
      expect((await upgrade({ Origin: origin })).status).toBe(101)
      const socket = new SocketClient(server.url, { headers: { Origin: origin } })
      await socket.opened()
      await socket.close()
    },
  )

  it.each([
    'http://app.example.com',
    'https://app.example.com:444',
    'https://app.example.com.evil.example',
    'https://sub.app.example.com',
    'https://APP.example.com',
    'http://dev.example.com',
    'null',
  ])('answers 403 to %s, which is not exactly one of them', async (origin) => {
    for (const path of POSTS) {
      const answer = await post(path, { Origin: origin })
      expect(answer).toMatchObject(forbidden)
      expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    }
    expect(await upgrade({ Origin: origin })).toMatchObject(forbidden)
  })

  it('answers a preflight with what the contract allows, and no other page', async () => {
    const preflight = (origin: string) =>
      httpRequest(`${server.url}/api/sync/send`, {
        method: 'OPTIONS',
        headers: {
          Origin: origin,
          'Access-Control-Request-Method': 'POST',
          'Access-Control-Request-Headers': 'authorization,content-type,idempotency-key',
        },
      })
    const { status, headers } = await preflight('https://app.example.com')
    expect(status).toBe(204)
    expect(headers['access-control-allow-origin']).toBe('https://app.example.com')
    expect(headers['access-control-allow-headers']).toBe(
      'Authorization,Content-Type,Idempotency-Key,Last-Event-ID',
    )
    expect(headers['access-control-allow-methods']).toBe('GET,POST')
    expect(headers['access-control-allow-credentials']).toBeUndefined()
    const refused = await preflight('https://evil.example')
    expect(refused.headers['access-control-allow-origin']).toBeUndefined()
  })

  it('lets an allowed page read its errors, too', async () => {
    const answer = await get('/api/sync/poll?since=x', { Origin: 'https://app.example.com' })
    expect(answer.status).toBe(400)
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.example.com')
  })
})

describe('with a HOST of its own', () => {
  let guest: GuestServer

  /** Attached, so that a name can be given that this machine does not have. */
  async function attached(host: string): Promise<string> {
    guest = await startGuestServer({ host, authenticate: () => ({ userId: 'u' }) })
    return guest.url
  }

  afterEach(() => guest.close())

  it.each([
    ['sync.example.com', 'sync.example.com:5000'],
    ['192.0.2.7', '192.0.2.7:5000'],
    ['2001:db8::7', '[2001:db8::7]:5000'],
  ])('%s answers to its own name, "%s", and to no other', async (own, header) => {
    const url = await attached(own)
    const status = async (Host: string) =>
      (await httpRequest(`${url}/api/sync/status`, { headers: { Host } })).status
    expect(await status('other.example.com')).toBe(403)
    expect(await status(header)).toBe(200)
    expect((await upgrade({ Host: header }, url)).status).toBe(101)
  })

  it('0.0.0.0 is no name: what clients call it must be in ALLOWED_HOSTS', async () => {
    const url = await attached('0.0.0.0')
    const answer = await httpRequest(`${url}/api/sync/status`, { headers: { Host: '192.0.2.7' } })
    expect(answer).toMatchObject(forbidden)
    expect(answer.body.error.message).toContain('ALLOWED_HOSTS')
  })
})
