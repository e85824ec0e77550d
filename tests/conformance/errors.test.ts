import { gzipSync } from 'node:zlib'
import { describe, expect, it } from '@jest/globals'
import { expectError } from '../support/expectError.js'
import { httpRequest } from '../support/httpRequest.js'
import { person, readAddressed } from '../support/person.js'
import { target, unique } from './target.js'

const server = target()
const someone = (...roles: string[]) => person(server.url, unique('u'), roles)

describe('a body that is not what was asked for', () => {
  const BODIES: [string, string | undefined, RegExp][] = [
    ['absent', undefined, /^invalid_request$/],
    ['not JSON', '{"type":', /^invalid_request$/],
    ['two values', '{"type":"a"}{"type":"b"}', /^invalid_request$/],
    ['JSON with a comment', '{"type":"a"/* */}', /^invalid_request$/],
    ['JSON with NaN', '{"type":"a","payload":NaN}', /^invalid_request$/],
    ['in single quotes', "{'type':'a'}", /^invalid_request$/],
    ['null', 'null', /^invalid_(request|message)$/],
    ['a list', '[{"type":"a"}]', /^invalid_(request|message)$/],
    ['text', '"a"', /^invalid_(request|message)$/],
    ['a number', '5', /^invalid_(request|message)$/],
    ['an empty object', '{}', /^invalid_message$/],
  ]

  it.each(BODIES)('is 400 for send: %s', async (_what, body, code) => {
    const { api } = someone()
    expectError(await api.send(body), 400, code)
    expect(await readAddressed(api)).toEqual([])
  })

  it.each(BODIES)('is 400 for broadcast: %s', async (_what, body, code) => {
    expectError(await someone('admin').api.broadcast(body), 400, code)
  })

  it.each(['{', '[]', '"a"', '5', 'true', 'everyone'])('is 400 for force: %s', async (body) => {
    const { api } = someone('admin')
    const since = (await api.poll({ since: 'now' })).body.cursor
    expectError(await api.force(body), 400, /^invalid_(request|message)$/)
    expect((await api.poll({ since })).body.resync).toBe(false)
  })

  it('is told field by field where a message is wrong', async () => {
    const { body } = await someone().api.send({ type: '1a' })
    expect(body.error.details.map(({ path }: { path: string }) => path)).toContain('type')
  })
})

describe('a body of another media type', () => {
  const TYPES = [
    'text/plain',
    'text/plain;charset=UTF-8',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'application/jsonx',
    'text/json-ish',
    'application/json; charset=iso-8859-1',
    'application/json; charset=utf-16',
  ]

  it.each(TYPES)('is 415: %s', async (type) => {
    const { api } = someone('admin')
    for (const route of ['send', 'broadcast', 'force']) {
      const answer = await api.request('POST', `/api/sync/${route}`, {
        body: '{"type":"test"}',
        headers: { 'Content-Type': type },
      })
      expectError(answer, 415, /^unsupported_media_type$/)
    }
  })

  it.each([
    'application/json',
    'application/json;charset=utf-8',
    'application/json; charset=UTF-8',
    'application/json; charset="utf-8"',
    'Application/JSON',
  ])('is not one in any spelling of JSON: %s', async (type) => {
    const { api } = someone()
    expect((await api.send({ type: 'test' }, { 'Content-Type': type })).status).toBe(201)
  })
})

describe('a body that is too large', () => {
  const large = JSON.stringify({ type: 'test', payload: 'x'.repeat(65_536) })

  it.each(['send', 'broadcast', 'force'])('is 413 for %s', async (route) => {
    const answer = await someone('admin').api.request('POST', `/api/sync/${route}`, { body: large })
    expectError(answer, 413, /^too_large$/)
  })

  it('is 413 without a declared length', async () => {
    const { token, api } = someone()
    const { status, body } = await httpRequest(`${server.url}/api/sync/send`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/json',
        'Transfer-Encoding': 'chunked',
      },
      body: large,
    })
    expect(status).toBe(413)
    expect(body.error.code).toBe('too_large')
    expect(await readAddressed(api)).toEqual([])
  })

  it('is refused also where it is small only as it is compressed', async () => {
    const { api } = someone()
    const body = gzipSync(large)
    expect(body.length).toBeLessThan(1000)
    const { status } = await api.request('POST', '/api/sync/send', {
      body,
      headers: { 'Content-Encoding': 'gzip' },
    })
    expect([413, 415]).toContain(status)
    expect(await readAddressed(api)).toEqual([])
  })
})

describe('an error of a publish', () => {
  it('is 403 in the common form', async () => {
    expectError(await someone().api.broadcast({ type: 'test' }), 403, /^forbidden$/)
  })

  it('is 422 in the common form', async () => {
    const { api } = someone()
    await api.send({ type: 'a' }, { 'Idempotency-Key': 'k' })
    const answer = await api.send({ type: 'b' }, { 'Idempotency-Key': 'k' })
    expectError(answer, 422, /^idempotency_conflict$/)
  })

  it('never repeats the payload', async () => {
    const secret = unique('secret')
    const answer = await someone().api.send({ type: '1', payload: secret, userId: null })
    expectError(answer, 400, /^invalid_message$/)
    expect(JSON.stringify(answer.body)).not.toContain(secret)
  })
})
