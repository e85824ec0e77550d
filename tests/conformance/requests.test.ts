import { describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { expectError, INTERNAL } from '../support/expectError.js'
import { httpRequest } from '../support/httpRequest.js'
import { person } from '../support/person.js'
import { target, unique } from './target.js'

const server = target()
const someone = (...roles: string[]) => person(server.url, unique('u'), roles)

describe('a query that is out of range', () => {
  const QUERIES: [string, string, string][] = [
    ['poll', 'wait=-1', 'invalid_request'],
    ['poll', 'wait=26', 'invalid_request'],
    ['poll', 'wait=1e9', 'invalid_request'],
    ['poll', 'wait=abc', 'invalid_request'],
    ['poll', 'wait=NaN', 'invalid_request'],
    ['poll', 'wait=Infinity', 'invalid_request'],
    ['poll', 'limit=0', 'invalid_request'],
    ['poll', 'limit=-1', 'invalid_request'],
    ['poll', 'limit=1001', 'invalid_request'],
    ['poll', 'limit=abc', 'invalid_request'],
    ['poll', 'limit=1.5', 'invalid_request'],
    ['poll', 'since=0&since=0', 'invalid_request'],
    ['poll', 'wait=0&wait=0', 'invalid_request'],
    ['poll', 'limit=1&limit=2', 'invalid_request'],
    ['poll', 'topics=a&topics=b', 'invalid_request'],
    ['stream', 'since=now&since=now', 'invalid_request'],
    ['stream', 'topics=a&topics=b', 'invalid_request'],
    ['poll', 'since=yesterday', 'invalid_cursor'],
    ['poll', 'since=-1', 'invalid_cursor'],
    ['poll', 'since=1.5', 'invalid_cursor'],
    ['poll', 'since=1-1', 'invalid_cursor'],
    ['poll', 'since=*', 'invalid_cursor'],
    ['poll', 'since=%24', 'invalid_cursor'],
    ['stream', 'since=yesterday', 'invalid_cursor'],
    ['stream', 'since=*', 'invalid_cursor'],
  ]

  it.each(QUERIES)('is 400: /%s?%s', async (route, query, code) => {
    const { api } = someone()
    const answer = await api.request('GET', `/api/sync/${route}?${query}`)
    expectError(answer, 400, new RegExp(`^${code}$`))
  })

  it.each(['wait=0', 'wait=25', 'limit=1', 'limit=1000', 'wait=25&limit=1&since=0&topics=a'])(
    'is not one at its bounds: /poll?%s',
    async (query) => {
      const { api } = someone()
      await api.send({ type: 'test' })
      const { status, body } = await api.request('GET', `/api/sync/poll?${query}`)
      expect(status).toBe(200)
      expect(body.count).toBeGreaterThanOrEqual(1)
    },
  )
})

describe('a route or method that is not there', () => {
  it.each([
    ['GET', '/api/sync'],
    ['GET', '/api/sync/nothing'],
    ['POST', '/api/sync/nothing'],
    ['GET', '/api/sync/poll/more'],
    ['GET', '/api/sync/constructor'],
    ['POST', '/api/sync/__proto__'],
  ])('is 404: %s %s', async (method, path) => {
    expectError(await someone().api.request(method, path), 404, /^not_found$/)
  })

  it('is told without repeating its path', async () => {
    const path = unique('path')
    const { body } = await someone().api.request('GET', `/api/sync/${path}?q=${path}`)
    expect(JSON.stringify(body)).not.toContain(path)
  })

  it.each(['%E0%A4%A', '%', '%00', '..%2f..%2fetc%2fpasswd'])(
    'is an error that gives nothing away: /%s',
    async (path) => {
      const answer = await httpRequest(`${server.url}/api/sync/${path}`)
      expect([400, 404]).toContain(answer.status)
      expect(answer.body.success).toBe(false)
      expect(JSON.stringify(answer.body)).not.toMatch(INTERNAL)
    },
  )

  const GETS = ['poll', 'stream', 'status']
  const POSTS = ['send', 'broadcast', 'force']
  it.each([
    ...GETS.flatMap((route) => ['POST', 'PUT', 'PATCH', 'DELETE'].map((verb) => [verb, route])),
    ...POSTS.flatMap((route) => ['GET', 'PUT', 'PATCH', 'DELETE'].map((verb) => [verb, route])),
  ])('is 405: %s /%s', async (method, route) => {
    const answer = await someone('admin').api.request(method, `/api/sync/${route}`)
    expectError(answer, 405, /^method_not_allowed$/)
  })

  it.each(['poll', 'poll?wait=20', 'stream', 'stream?since=0'])(
    'is 405: HEAD /%s',
    async (route) => {
      const { status, body } = await someone().api.request('HEAD', `/api/sync/${route}`)
      expect(status).toBe(405)
      expect(body).toBe('')
    },
  )

  it('is 426: /ws without an upgrade', async () => {
    const { status, body } = await new Api(server.url).request('GET', '/ws')
    expect(status).toBe(426)
    expect(body).toMatchObject({
      success: false,
      error: { code: expect.any(String), message: expect.any(String) },
    })
  })
})
