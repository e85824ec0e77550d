// What every answer says in its headers, to whomever: which Origin it depends on, that no page of another
// site may read it, and that it is nothing else than it says.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { httpRequest } from '../support/httpRequest.js'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { WatchedServer } from '../support/WatchedServer.js'

const ALLOWED = 'https://app.example.com'
const WRITING = ['send', 'broadcast', 'force', 'ticket', 'revoke']
const READING = ['poll', 'stream', 'status', 'nothing']

let secured: WatchedServer
/** Without CORS_ORIGINS, and without authentication. */
let closed: TestServer

beforeAll(async () => {
  secured = await WatchedServer.start({ CORS_ORIGINS: ALLOWED })
  closed = await startTestServer()
})

afterAll(async () => {
  await closed?.close()
  await secured?.end()
})

describe('an answer', () => {
  const doors = [...WRITING, ...READING]
  const preflight = { 'Access-Control-Request-Method': 'POST' }

  it.each([
    ['an allowed Origin', ALLOWED],
    ['a foreign Origin', 'https://evil.example'],
    ['no Origin', undefined],
  ])('to %s says what it depends on, and never allows credentials', async (_who, origin) => {
    const Authorization = `Bearer ${secured.token('admin', { roles: ['admin'] })}`
    const servers = [
      [secured.url, { Authorization }],
      [closed.url, {}],
    ] as const
    for (const [url, who] of servers) {
      for (const door of doors) {
        for (const method of ['GET', 'POST', 'HEAD', 'PUT', 'OPTIONS']) {
          const answer = await httpRequest(`${url}/api/sync/${door}`, {
            method,
            headers: { ...who, ...preflight, ...(origin && { Origin: origin }) },
          })
          expect([door, method, answer.headers.vary]).toEqual([
            door,
            method,
            expect.stringMatching(/\bOrigin\b/i),
          ])
          expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
          const allowed = url === closed.url || origin !== ALLOWED ? undefined : ALLOWED
          expect(answer.headers['access-control-allow-origin']).toBe(allowed)
        }
      }
    }
  })

  it('says the same to whoever has no token', async () => {
    for (const door of doors) {
      const { status, headers } = await httpRequest(`${secured.url}/api/sync/${door}`, {
        method: WRITING.includes(door) ? 'POST' : 'GET',
      })
      expect(status).toBe(door === 'nothing' ? 404 : 401)
      expect(headers.vary).toMatch(/\bOrigin\b/i)
    }
  })

  it.each([
    '/',
    '/index.html',
    '/nothing',
    '/api/sync/status',
    '/api/sync/nothing',
    '/ws',
    '/metrics',
    '/healthz',
    '/%ff',
  ])(
    'of %s can be no other type than it says, frames nowhere, and names no software',
    async (path) => {
      const { headers } = await httpRequest(secured.url + path)
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['x-powered-by']).toBeUndefined()
      expect(headers.server).toBeUndefined()
      const policy = String(headers['content-security-policy']).split(/;\s*/)
      expect(policy).toEqual(
        expect.arrayContaining([
          "default-src 'self'",
          "object-src 'none'",
          "base-uri 'none'",
          "frame-ancestors 'none'",
        ]),
      )
      expect(policy.join()).not.toMatch(/unsafe|\*|https?:|ws:/)
    },
  )
})
