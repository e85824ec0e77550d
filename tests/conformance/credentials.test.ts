import { describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { httpRequest, JSON_HEADERS } from '../support/httpRequest.js'
import { person, publishedBy } from '../support/person.js'
import { target, unique } from './target.js'

const server = target()

const ROUTES: [string, string, string | undefined][] = [
  ['GET', '/poll', undefined],
  ['GET', '/stream', undefined],
  ['GET', '/status', undefined],
  ['POST', '/send', '{"type":"test"}'],
  ['POST', '/broadcast', '{"type":"test","roles":["nobody-has-this-one"]}'],
  ['POST', '/force', undefined],
]

const WRONG = [
  'Bearer nonsense',
  'Bearer dev',
  'Bearer dev:',
  'Bearer anonymous',
  'Bearer',
  'Basic ZGV2OnVzZXI=',
  'dev:user',
  'Token dev:user',
  'Bearer null',
  'Bearer undefined',
]

describe('an Authorization that is wrong', () => {
  const pairs = ROUTES.flatMap(([method, route, body]) =>
    WRONG.map((header) => [header, method, route, body] as const),
  )

  it.each(pairs)('is 401, never read as absent: "%s" for %s %s', async (...row) => {
    const [header, method, route, body] = row
    const answer = await new Api(server.url).request(method, `/api/sync${route}`, {
      body,
      headers: { Authorization: header },
    })
    expect(answer.status).toBe(401)
    expect(answer.body).toMatchObject({ success: false, error: { code: 'unauthorized' } })
    expect(answer.headers.get('cache-control')).toContain('no-store')
    expect(answer.headers.get('etag')).toBeNull()
  })

  it.each(ROUTES)('is 401 also when it is empty: %s %s', async (method, route, body) => {
    const { status } = await httpRequest(`${server.url}/api/sync${route}`, {
      method,
      headers: { ...JSON_HEADERS, Authorization: '' },
      ...(body !== undefined && { body }),
    })
    expect(status).toBe(401)
  })

  it('is told without repeating it', async () => {
    const secret = unique('secret')
    for (const header of [`Bearer ${secret}`, `Basic ${secret}`, `dev:${secret}`]) {
      const answer = await new Api(server.url).request('GET', '/api/sync/poll', {
        headers: { Authorization: header },
      })
      expect(answer.status).toBe(401)
      expect(JSON.stringify(answer.body)).not.toContain(secret)
      expect([...answer.headers].join()).not.toContain(secret)
    }
  })

  it('publishes nothing', async () => {
    const reader = person(server.url, unique('u'))
    const published = await publishedBy(reader, async () => {
      const body = { type: 'test', userId: reader.userId }
      const { status } = await new Api(server.url, 'nonsense').send(body)
      expect(status).toBe(401)
    })
    expect(published).toEqual([])
  })
})

describe('a ticket that is wrong', () => {
  it.each(['/poll', '/stream', '/status'])('is 401 for GET %s', async (route) => {
    const path = `/api/sync${route}?ticket=x`
    const { status, body } = await new Api(server.url).request('GET', path)
    expect(status).toBe(401)
    expect(body).toMatchObject({ success: false, error: { code: 'unauthorized' } })
  })

  it.each(['/send', '/broadcast', '/force'])('is 401 for POST %s', async (route) => {
    const path = `/api/sync${route}?ticket=x`
    const { status } = await new Api(server.url).request('POST', path, { body: { type: 'test' } })
    expect(status).toBe(401)
  })

  it('is 401 when it is empty', async () => {
    const { status } = await new Api(server.url).request('GET', '/api/sync/stream?ticket=')
    expect(status).toBe(401)
  })

  it('is told without repeating it', async () => {
    const ticket = unique('ticket')
    const { body } = await new Api(server.url).request('GET', `/api/sync/stream?ticket=${ticket}`)
    expect(JSON.stringify(body)).not.toContain(ticket)
  })
})

describe('several credentials at once', () => {
  const bearer = () => `Bearer dev:${unique('u')}`

  it.each<[string, string, () => string[]]>([
    ['a token and a ticket', '?ticket=x', () => [bearer()]],
    ['a wrong token and a ticket', '?ticket=x', () => ['Bearer nonsense']],
    ['two tokens', '', () => [bearer(), bearer()]],
    ['the same token twice', '', () => Array(2).fill(bearer()) as string[]],
    ['two tickets', '?ticket=x&ticket=y', () => []],
  ])('are 400: %s', async (_what, query, authorization) => {
    for (const route of ['poll', 'stream', 'status']) {
      const answer = await httpRequest(`${server.url}/api/sync/${route}${query}`, {
        headers: { Authorization: authorization() },
      })
      expect(answer.status).toBe(400)
      expect(answer.body).toMatchObject({ success: false, error: { code: 'invalid_request' } })
    }
  })
})

describe('a token in the query', () => {
  it('is never believed', async () => {
    const reader = person(server.url, unique('u'))
    const { body: sent } = await reader.api.send({ type: 'test' })
    const path = `/api/sync/poll?since=0&token=${reader.token}`
    const { body } = await new Api(server.url).request('GET', path)
    expect(JSON.stringify(body)).not.toContain(sent.messageId)
    expect(JSON.stringify(body)).not.toContain(reader.token)
  })
})

describe('an identity in anything but the token', () => {
  it.each([
    ['a query', '&userId=', {}],
    ['headers', '', { 'X-User-Id': '', 'X-Forwarded-User': '', Cookie: 'userId=' }],
  ])('reads no other user’s messages: %s', async (_what, query, headers) => {
    const owner = person(server.url, unique('u'))
    const other = person(server.url, unique('u'))
    const { body: sent } = await owner.api.send({ type: 'test' })
    const named = Object.entries(headers).map(([name, stem]) => [name, `${stem}${owner.userId}`])
    const path = `/api/sync/poll?since=0${query === '' ? '' : `${query}${owner.userId}`}`
    const { body } = await other.api.request('GET', path, { headers: Object.fromEntries(named) })
    expect(JSON.stringify(body)).not.toContain(sent.messageId)
  })

  it('a cursor of another user gives none of their messages', async () => {
    const owner = person(server.url, unique('u'))
    const other = person(server.url, unique('u'))
    const first = await owner.api.send({ type: 'test' })
    const second = await owner.api.send({ type: 'test' })
    const { status, body } = await other.api.poll({ since: first.body.cursor })
    expect(status).toBe(200)
    expect(JSON.stringify(body.messages)).not.toContain(second.body.messageId)
  })
})
