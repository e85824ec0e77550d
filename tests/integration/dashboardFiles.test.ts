// How the dashboard's files travel: compressed, kept by caches for as long as they are true, and
// under a policy that lets nothing in from elsewhere.

import { mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { startTestServer, type TestServer } from '../support/testServer.js'

const SCRIPT = 'export const answer = 42\n'.repeat(200)
const FONT = 'x'.repeat(5000)
const pageOf = (name: string) => `<!doctype html><script src="./assets/${name}.js"></script>`

let folder: string
let server: TestServer

const get = (path: string, headers: Record<string, string> = {}) =>
  new Api(server.url).request('GET', path, { headers })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dashboard-'))
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), pageOf('app-1'))
  writeFileSync(join(folder, 'assets/app-1.js'), SCRIPT)
  writeFileSync(join(folder, 'assets/font-1.woff2'), FONT)
  server = await startTestServer({ dashboardFolder: folder })
})
afterAll(async () => {
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('what is compressed', () => {
  it.each([
    ['br', 'br'],
    ['gzip', 'gzip'],
    ['gzip, deflate, br, zstd', 'br'],
    ['identity', null],
  ])('is a script for one who takes "%s": %s', async (accepted, encoding) => {
    const answer = await get('/assets/app-1.js', { 'Accept-Encoding': accepted })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-encoding')).toBe(encoding)
    expect(answer.headers.get('vary')).toMatch(/Accept-Encoding/i)
    expect(answer.headers.get('content-type')).toMatch(/^text\/javascript/)
    expect(answer.body).toBe(SCRIPT)
  })

  it('is no font, which is compressed already', async () => {
    const { headers, body } = await get('/assets/font-1.woff2', { 'Accept-Encoding': 'br' })
    expect(headers.get('content-encoding')).toBeNull()
    expect(body).toBe(FONT)
  })

  it('is nothing of the API, however large it is', async () => {
    await new Api(server.url).broadcast({ type: 'large', payload: SCRIPT })
    for (const path of ['/api/sync/poll', '/api/sync/nothing', '/metrics']) {
      const { headers } = await get(path, { 'Accept-Encoding': 'br, gzip' })
      expect(headers.get('content-encoding')).toBeNull()
    }
    const leaving = new AbortController()
    const stream = await fetch(`${server.url}/api/sync/stream?since=0`, {
      headers: { 'Accept-Encoding': 'br, gzip' },
      signal: leaving.signal,
    })
    expect(stream.headers.get('content-encoding')).toBeNull()
    leaving.abort()
  })
})

describe('what is cached', () => {
  it.each(['/assets/app-1.js', '/assets/font-1.woff2'])('is %s, for good', async (path) => {
    const { headers } = await get(path)
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  })

  it('is no asset that does not exist: the next build may have it', async () => {
    const { status, headers, body } = await get('/assets/app-2.js')
    expect(status).toBe(404)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body.error.code).toBe('not_found')
  })

  it.each(['/', '/index.html'])('is the page at %s never without asking', async (path) => {
    const { headers, body } = await get(path)
    expect(headers.get('cache-control')).toBe('no-cache')
    expect(body).toBe(pageOf('app-1'))
  })

  it('is never an old page, even where the new one has its date and length', async () => {
    const file = join(folder, 'index.html')
    const { atime, mtime } = statSync(file)
    const { headers } = await get('/')
    writeFileSync(file, pageOf('app-2'))
    utimesSync(file, atime, mtime)
    const asked = await get('/', {
      'If-Modified-Since': headers.get('last-modified') ?? mtime.toUTCString(),
      'If-None-Match': headers.get('etag') ?? 'W/"none"',
    })
    expect(asked).toMatchObject({ status: 200, body: pageOf('app-2') })
  })
})

describe('what the page may do', () => {
  it('is to load from here and connect to here, and nothing else', async () => {
    const policy = (await get('/')).headers.get('content-security-policy')?.split(';')
    expect(policy).toContain("default-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy?.join()).not.toMatch(/unsafe|\*|https?:|wss?:/)
  })
})
