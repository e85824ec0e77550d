// Whoever writes a log's words does not own the log: names and faults of others come out as one line
// of JSON each, bounded in length and number, with nothing in them that a terminal would obey.

import { Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createLogger } from '../../server/logger.js'
import { Api } from '../support/Api.js'
import { logLines } from '../support/expectCleanLog.js'
import { jsonFrame, RawSocket } from '../support/RawSocket.js'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { WatchedServer } from '../support/WatchedServer.js'
import { waitFor } from '../support/waitFor.js'

const HOSTILE: Readonly<Record<string, string>> = {
  'a line of its own': 'alice\n{"level":30,"msg":"revoked","by":"root"}',
  'a header of its own': 'alice\r\nHTTP/1.1 200 OK',
  'escape sequences': '\x1b[2J\x1b]0;owned\x07',
  'C1 controls and DEL': '\x9b31m and \x85 and \x7f',
  'line ends of Unicode': 'a\u2028b\u2029c',
  'text from right to left': '\u202egnp.exe \u2066b\u202dc',
  'zero bytes': '\0'.repeat(100),
  'an end of the JSON': '"},{"level":60,"msg":"\\',
  'format specifiers': '%s %o %j',
  'a name of the prototype': '__proto__',
  'many bytes': '\u{1f600}'.repeat(64),
}
const LONG = 'x'.repeat(64 * 1024)

describe('names from outside', () => {
  let server: WatchedServer

  beforeAll(async () => {
    server = await WatchedServer.start({ LOG_LEVEL: 'debug' })
  })

  afterAll(() => server?.end())

  const revocations = () => logLines(server.output()).filter(({ msg }) => msg === 'revoked')

  it.each(Object.keys(HOSTILE))('with %s come out as one line that says them', async (what) => {
    const name = HOSTILE[what]
    const before = revocations().length
    const admin = server.api('boss', { roles: ['admin'] })
    const revoked = { jti: name }
    expect((await admin.request('POST', '/api/sync/revoke', { body: revoked })).status).toBe(200)
    await waitFor('the line', () => revocations().length > before)
    expect(revocations().slice(before)).toMatchObject([{ by: 'boss', ...revoked }])
  })

  it('are at most 8 KiB long in all, as long as they may be', async () => {
    const name = '\u{1f600}'.repeat(64)
    const admin = server.api(name, { roles: ['admin'] })
    for (const jti of ['\0'.repeat(1024), '\x1b'.repeat(1024), '\u{1f600}'.repeat(512)]) {
      const before = revocations().length
      const { status } = await admin.request('POST', '/api/sync/revoke', { body: { jti } })
      expect(status).toBe(200)
      await waitFor('the line', () => revocations().length > before)
    }
    const body = { jti: LONG.slice(0, 60_000) }
    expect((await admin.request('POST', '/api/sync/revoke', { body })).status).toBe(400)
  })

  it('are not printed at all where they are refused, whatever their length', async () => {
    const before = server.output().length
    const api = server.api('mallory')
    for (const name of [...Object.values(HOSTILE), LONG]) {
      const sub = server.token(name)
      const raw = await RawSocket.upgraded(server.url)
      raw.write(jsonFrame({ op: 'connect', token: sub, topics: [name] }))
      await waitFor('the close', () => raw.closeCode)
      await raw.close()
      await api.send({ type: name, payload: 1 })
      await api.send({ type: 'a', userId: name })
      await api.force({ topics: [name] })
      await api.request('GET', `/api/sync/${encodeURIComponent(name).slice(0, 8000)}`)
      await api.poll({ topics: name.slice(0, 4000), since: name.slice(0, 4000) })
    }
    expect(server.output().slice(before)).toBe('')
  })
})

describe('faults that somebody else has worded', () => {
  let server: TestServer
  let printed: string
  let fault: unknown
  let skippedMs: number

  beforeAll(async () => {
    const stream = new Writable({
      write(chunk, _encoding, done) {
        printed += chunk
        done()
      },
    })
    skippedMs = 0
    server = await startTestServer({
      logger: createLogger('debug', stream),
      monotonicNow: () => performance.now() + skippedMs,
      authenticate: () => {
        throw fault
      },
    })
  })

  afterAll(() => server?.close())

  /** Ends the window of those before; what was left out of it is told with the next. */
  function begin(what: unknown): void {
    skippedMs += 60_000
    printed = ''
    fault = what
  }

  const faultLines = () => logLines(printed).filter(({ msg }) => msg === 'fault')

  const named = (name: string, error: Error) => Object.assign(error, { name })
  const caused = (depth: number): Error =>
    new Error(`${depth}${LONG}`, depth === 0 ? {} : { cause: caused(depth - 1) })
  const circular = new Error('circular')
  circular.cause = circular
  const trap = new Proxy(new Error('trap'), {
    get() {
      throw new Error('no')
    },
  })

  it.each<[string, unknown]>([
    ['of several lines', new Error(Object.values(HOSTILE).join('\n'))],
    ['of nothing but escapes', new Error('\x1b'.repeat(5000))],
    ['of 64 KiB', new Error(LONG)],
    ['with a name of 64 KiB', named(LONG, new Error('named'))],
    ['with a name of several lines', named('a\nb\x1b[0m', new Error('named'))],
    ['with a cause of a cause of a cause', caused(10)],
    ['that is its own cause', circular],
    ['that is a text', LONG],
    ['that is nothing', undefined],
    ['with a name that is none', Object.assign(new Error('x'), { name: 5, stack: null })],
    ['that can not be looked at', trap],
    ['with a whole request in it', Object.assign(new Error('x'), { config: { token: LONG } })],
  ])('come out as one line of at most 8 KiB: a fault %s', async (_what, thrown) => {
    begin(thrown)
    const answer = await new Api(server.url, 'token-of-somebody').poll()
    expect(answer).toMatchObject({ status: 500, body: { error: { code: 'internal' } } })
    expect(JSON.stringify(answer.body).length).toBeLessThan(300)
    await waitFor('the line', () => faultLines().length > 0)
    expect(faultLines()).toHaveLength(1)
    expect(printed).not.toContain('token-of-somebody')
  })

  it('are at most 20 lines in ten seconds, and the next tells how many were left out', async () => {
    begin(new Error('again'))
    const api = new Api(server.url, 'any')
    const asked = Array.from({ length: 300 }, () => api.poll())
    const sent = Array.from({ length: 200 }, () => api.send({ type: 'a' }))
    for (const { status } of await Promise.all([...asked, ...sent])) expect(status).toBe(500)
    expect(faultLines()).toHaveLength(20)
    begin(new Error('later'))
    await api.poll()
    await waitFor('the next line', () => faultLines().length > 0)
    expect(faultLines()).toMatchObject([{ untold: 480, fault: { message: 'later' } }])
  })
})
