import { describe, expect, it } from '@jest/globals'
import type { Answer } from '../support/Api.js'
import { type Person, person } from '../support/person.js'
import { StreamClient } from '../support/StreamClient.js'
import { target, unique } from './target.js'

const server = target()
const someone = (...roles: string[]) => person(server.url, unique('u'), roles)

const ANSWERS: [string, (self: Person) => Promise<Answer>][] = [
  ['a poll', ({ api }) => api.poll()],
  ['a status', ({ api }) => api.status()],
  ['a send', ({ api }) => api.send({ type: 'test' })],
  ['a batch', ({ api }) => api.send({ messages: [{ type: 'test' }] })],
  ['a broadcast', ({ api }) => api.broadcast({ type: 'test', roles: [unique('role')] })],
  ['a force', ({ api }) => api.force()],
  ['a bad message', ({ api }) => api.send({ type: '1' })],
  ['a bad cursor', ({ api }) => api.poll({ since: 'x' })],
  ['a route that is not there', ({ api }) => api.request('GET', '/api/sync/nothing')],
  ['a method that is not there', ({ api }) => api.request('DELETE', '/api/sync/poll')],
]

describe('an answer under /api', () => {
  it.each(ANSWERS)('is JSON in UTF-8 that no cache keeps, without an ETag: %s', async (...row) => {
    const [, ask] = row
    const { headers, body } = await ask(someone('admin'))
    expect(headers.get('content-type')).toMatch(/^application\/json(; ?charset=utf-8)?$/i)
    expect(headers.get('cache-control')).toMatch(/(^|[ ,])no-store($|[ ,])/)
    expect(headers.get('etag')).toBeNull()
    expect(headers.get('last-modified')).toBeNull()
    expect(body.success).toEqual(expect.any(Boolean))
  })

  it('is kept by no cache, as the answer to a preflight', async () => {
    const { headers } = await someone().api.request('OPTIONS', '/api/sync/send')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('etag')).toBeNull()
  })

  it('is kept by no cache, nor changed by a proxy, as a stream', async () => {
    const stream = await StreamClient.open(server.url, { token: someone().token })
    expect(stream.response.headers['cache-control']).toMatch(/no-store.*no-transform/)
    expect(stream.response.headers.etag).toBeUndefined()
    stream.close()
  })

  it.each([
    ['any ETag', { 'If-None-Match': '*' }],
    ['an ETag', { 'If-None-Match': '"x", W/"y"' }],
    ['a date', { 'If-Modified-Since': new Date(Date.now() + 60_000).toUTCString() }],
  ])('is never 304 to a request with %s', async (_what, headers) => {
    const { api } = someone()
    const { body: sent } = await api.send({ type: 'test' })
    for (let times = 0; times < 2; times += 1) {
      const polled = await api.request('GET', '/api/sync/poll?since=0', { headers })
      expect(polled.status).toBe(200)
      expect(JSON.stringify(polled.body.messages)).toContain(sent.messageId)
      const status = await api.request('GET', '/api/sync/status', { headers })
      expect(status.status).toBe(200)
    }
  })
})
