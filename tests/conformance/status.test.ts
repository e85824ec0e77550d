import { describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { httpRequest, JSON_HEADERS } from '../support/httpRequest.js'
import { person } from '../support/person.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { waitFor } from '../support/waitFor.js'
import { target, unique } from './target.js'

const server = target()
const someone = (...roles: string[]) => person(server.url, unique('u'), roles)

describe('status', () => {
  it.each([[[]], [['editor']], [['nonadmin']], [['Admin']], [['admin']]])(
    'tells one with the roles %j whether the server is well, and since when',
    async (roles) => {
      const { status, body } = await someone(...roles).api.status()
      expect(status).toBe(200)
      expect(body.success).toBe(true)
      expect(['ok', 'degraded']).toContain(body.status)
      expect(body.uptimeMs).toBeGreaterThanOrEqual(0)
      expect(typeof body.openMode).toBe('boolean')
    },
  )

  it('counts its uptime on', async () => {
    const { api } = someone()
    const { body: first } = await api.status()
    await waitFor('the uptime to grow', async () => {
      const { body } = await api.status()
      return body.uptimeMs > first.uptimeMs
    })
  })

  it.each([[[]], [['editor']], [['nonadmin']], [['Admin']]])(
    'keeps its details from one with the roles %j',
    async (roles) => {
      const { body: full } = await someone('admin').api.status()
      const { body } = await someone(...roles).api.status()
      expect(Object.keys(full).length).toBeGreaterThan(Object.keys(body).length)
      for (const detail of ['connections', 'log', 'nodes']) expect(body).not.toHaveProperty(detail)
      expect(Object.values(body).filter((value) => typeof value === 'object')).toEqual([])
    },
  )

  it('tells an admin of connections by transport, the log and the nodes', async () => {
    const { token } = someone()
    const socket = await SocketClient.connect(server.url, { token })
    const stream = await StreamClient.open(server.url, { token })
    await stream.next('connected')
    const { body } = await someone('admin').api.status()
    const counts: unknown[] = Object.values(body.connections)
    const occupied = counts.filter((count) => typeof count === 'number' && count >= 1)
    expect(occupied.length).toBeGreaterThanOrEqual(2)
    const { log } = body
    for (const [size, bound] of [
      [log.bytes, log.maxBytes],
      [log.messages, log.audiences * log.maxMessagesPerAudience],
    ]) {
      expect(size).toBeLessThanOrEqual(bound)
    }
    expect(log.ttlMs).toBeGreaterThan(0)
    expect(body).toHaveProperty('nodes')
    await socket.close()
    stream.close()
  })

  it('tells the details to one without a token, who is an admin here', async () => {
    const { body } = await new Api(server.url).status()
    expect(body).toHaveProperty('connections')
  })

  it('tells nobody who is connected or what was said', async () => {
    const secret = unique('secret')
    const { api, token, userId } = someone()
    const topics = [unique('topic')]
    const socket = await SocketClient.connect(server.url, { token, topics })
    await api.send({ type: 'test', payload: secret })
    const text = JSON.stringify((await someone('admin').api.status()).body)
    for (const name of [secret, userId, ...topics]) expect(text).not.toContain(name)
    await socket.close()
  })
})

describe('health', () => {
  it.each(['/healthz', '/readyz'])('is 405 at %s to any other method', async (path) => {
    const answer = await new Api(server.url).request('POST', path)
    expect(answer).toMatchObject({ status: 405, body: { error: { code: 'method_not_allowed' } } })
    expect(answer.headers.get('allow')).toBe('GET')
  })

  it.each(['/healthz', '/readyz'])('is told at %s to anybody', async (path) => {
    const { status } = await new Api(server.url).request('GET', path)
    expect(status).toBe(200)
  })
})

describe('metrics', () => {
  it('are Prometheus text, line by line', async () => {
    const { status, headers, body } = await new Api(server.url).request('GET', '/metrics')
    expect(status).toBe(200)
    expect(headers.get('content-type')).toMatch(/^text\/plain\b/)
    const sample = /^[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})? (-?[0-9.e+-]+|NaN|[+-]Inf)( \d+)?$/
    const lines: string[] = body.split('\n').filter((line: string) => line !== '')
    expect(lines.length).toBeGreaterThan(0)
    const odd = lines.filter((line) => !line.startsWith('#') && !sample.test(line))
    expect(odd).toEqual([])
    expect(body.endsWith('\n')).toBe(true)
  })
})

describe('a connection', () => {
  it('is kept alive for 75 s', async () => {
    const { headers } = await httpRequest(`${server.url}/api/sync/poll?since=now`, {
      headers: { Connection: 'keep-alive' },
    })
    expect(headers['keep-alive']).toBe('timeout=75')
  })
})

describe('CORS', () => {
  const origin = 'https://elsewhere.example'

  const preflight = (route: string, method: string) =>
    httpRequest(`${server.url}/api/sync/${route}`, {
      method: 'OPTIONS',
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': method,
        'Access-Control-Request-Headers': 'authorization,content-type,idempotency-key',
      },
    })

  const PREFLIGHTS: [string, string][] = [
    ['poll', 'GET'],
    ['stream', 'GET'],
    ['status', 'GET'],
    ['send', 'POST'],
    ['broadcast', 'POST'],
    ['force', 'POST'],
  ]

  it.each(PREFLIGHTS)('allows the headers that clients need: /%s', async (route, method) => {
    const { status, headers } = await preflight(route, method)
    expect(status).toBeLessThan(300)
    const allowed = String(headers['access-control-allow-headers']).toLowerCase().split(/, */)
    expect(allowed).toEqual(
      expect.arrayContaining(['authorization', 'content-type', 'idempotency-key', 'last-event-id']),
    )
    expect(String(headers['access-control-allow-methods'])).toContain(method)
  })

  it.each(PREFLIGHTS)('grants no unknown origin by default: /%s', async (route, method) => {
    const { headers } = await preflight(route, method)
    expect(headers['access-control-allow-origin']).toBeUndefined()
  })

  it('exposes what a client must read of an answer, and grants no unknown origin', async () => {
    const { headers } = await httpRequest(`${server.url}/api/sync/poll`, {
      headers: { ...JSON_HEADERS, Origin: origin },
    })
    const exposed = String(headers['access-control-expose-headers']).toLowerCase()
    expect(exposed).toContain('retry-after')
    expect(exposed).toContain('ratelimit')
    expect(headers['access-control-allow-origin']).toBeUndefined()
  })
})
