// Requests that are malformed before any route is asked: heads, headers, methods and paths.

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { httpRequest } from '../support/httpRequest.js'
import { RawSocket } from '../support/RawSocket.js'
import { WatchedServer } from '../support/WatchedServer.js'

const DOORS = ['poll', 'stream', 'send', 'broadcast', 'force', 'ticket', 'revoke', 'status']

let server: WatchedServer
let authorization: string

beforeAll(async () => {
  server = await WatchedServer.start()
  authorization = `Authorization: Bearer ${server.token('abuser')}`
})

afterEach(() => server.expectUnharmed())

afterAll(() => server?.end())

async function exchange(lines: readonly string[]): Promise<string> {
  const raw = await RawSocket.open(server.url)
  raw.write([...lines, '', ''].join('\r\n'))
  await raw.closed
  return raw.text
}

const get = (path: string, ...headers: string[]) =>
  exchange([
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: close',
    authorization,
    ...headers,
  ])

/** In the form of every other error, and with nothing else behind it. */
function expectRefusal(text: string, status: number, code: string): void {
  const [head = '', body = ''] = text.split('\r\n\r\n')
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(head).toMatch(/^content-type: application\/json/im)
  expect(head).toMatch(/^cache-control: no-store/im)
  expect(JSON.parse(body)).toEqual({
    success: false,
    error: { code, message: expect.stringMatching(/\S/) },
  })
}

describe('a request that is no HTTP', () => {
  it.each([
    ['noise', ['\x00\x01\x02']],
    ['another protocol', ['SSH-2.0-OpenSSH_9.6']],
    ['a header without a name', ['GET / HTTP/1.1', 'Host: localhost', ': x']],
    ['a line feed in a header', ['GET / HTTP/1.1', 'Host: localhost', 'X: a\nb']],
    [
      'two lengths',
      ['POST /api/sync/send HTTP/1.1', 'Host: localhost', 'Content-Length: 5', 'Content-Length: 6'],
    ],
    [
      'a length and chunks, as request smugglers send',
      [
        'POST /api/sync/send HTTP/1.1',
        'Host: localhost',
        'Content-Length: 5',
        'Transfer-Encoding: chunked',
      ],
    ],
  ])('is answered 400 and hung up on: %s', async (_what, lines) => {
    expectRefusal(await exchange(lines), 400, 'invalid_request')
  })

  it('is answered 400 and hung up on where it names no Host', async () => {
    expectRefusal(await exchange(['GET /api/sync/poll HTTP/1.1']), 400, 'invalid_request')
  })

  it('is 431 for three thousand headers, and for a URL of 20 KB', async () => {
    const headers = Array.from({ length: 3000 }, (_, index) => `x-${index}: y`)
    expectRefusal(await get('/api/sync/poll', ...headers), 431, 'too_large')
    expectRefusal(await get(`/api/sync/poll?since=${'0'.repeat(20_000)}`), 431, 'too_large')
  })
})

describe('a request that no route expects', () => {
  it('ignores a thousand unknown headers', async () => {
    const headers = Array.from({ length: 1000 }, (_, index) => `x-${index}: y`)
    expect(await get('/api/sync/poll', ...headers)).toMatch(/^HTTP\/1\.1 200 /)
  })

  it.each(['PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'])(
    'is 405 in JSON for %s',
    async (method) => {
      for (const path of DOORS) {
        const answer = await httpRequest(`${server.url}/api/sync/${path}`, { method })
        expect(answer).toMatchObject({
          status: 405,
          body: { success: false, error: { code: 'method_not_allowed' } },
        })
      }
    },
  )

  it.each([
    '/api/sync',
    '/api/sync/',
    '/api/sync/nothing',
    '/api/sync/%ff',
    '/api/sync/%00',
    '/api/sync/poll/..%2f..%2f..%2fetc%2fpasswd',
    '/%2e%2e/%2e%2e/package.json',
    '/..%5c..%5cpackage.json',
    '/%',
    '/index.html%00.png',
    '/constructor',
    '/__proto__',
  ])('is 400 or 404 in JSON for %s', async (path) => {
    const text = await get(path)
    expect(text).toMatch(/^HTTP\/1\.1 40[04] /)
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ success: false })
  })

  it('is never sent elsewhere, whatever its path looks like', async () => {
    for (const path of ['//evil.example/..', '//evil.example/%2e%2e', '/\\evil.example/..']) {
      expect(await get(path)).not.toMatch(/^Location: *(\/\/|\/\\|\w+:)/im)
    }
  })

  it('is 401 for a credential that is no Bearer token, never anonymous', async () => {
    for (const value of ['Basic YTpi', 'Bearer', 'Bearer ', 'bearer\tdev:x', 'dev:admin']) {
      const answer = await httpRequest(`${server.url}/api/sync/status`, {
        headers: { Authorization: value },
      })
      expect(answer.status).toBe(401)
    }
  })

  it('answers a poll that offers HTTP/2, as curl --http2 and Java clients do', async () => {
    const text = await exchange([
      'GET /api/sync/poll HTTP/1.1',
      'Host: localhost',
      'Connection: Upgrade, HTTP2-Settings, close',
      authorization,
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
    ])
    expect(text).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('gives away nothing of its own in an answer', async () => {
    const api = server.api('nosy')
    const answers = [
      await api.send('{"type":'),
      await api.send({ type: 'sync.fake' }),
      await api.poll({ since: '../../etc/passwd' }),
      await api.request('GET', '/api/sync/nothing'),
      await api.broadcast({ type: 'a' }),
    ]
    for (const { status, body, headers } of answers) {
      expect(status).toBeGreaterThanOrEqual(400)
      expect(JSON.stringify(body)).not.toMatch(/node_modules|\.ts|\.js|at \w+ \(|nosy/)
      expect(headers.get('x-powered-by')).toBeNull()
      expect(headers.get('etag')).toBeNull()
    }
  })
})
