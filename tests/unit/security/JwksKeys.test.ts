// The keys of a provider, over real HTTP: how often it is asked, and what holds while it is down or
// answers nonsense.

import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { JwksKeys } from '../../../server/security/JwksKeys.js'
import { createKeySetAuthenticate } from '../../../server/security/jwt.js'
import { waitFor } from '../../support/waitFor.js'
import { believed, claimsOf, ecKeys, jwkOf, mintBy, refused, rulesOf } from './minting.js'

const MINUTE_MS = 60_000
const pairs = { first: ecKeys(), second: ecKeys(), unknown: ecKeys() }
type Kid = keyof typeof pairs

const setOf = (...kids: Kid[]) =>
  JSON.stringify({ keys: kids.map((kid) => jwkOf(pairs[kid], { kid })) })
const answers =
  (body: string): RequestListener =>
  (_req, res) =>
    res.end(body)
const refuses: RequestListener = (req) => req.socket.destroy()
const tokenOf = (kid: Kid, header = {}) => mintBy(pairs[kid], { alg: 'ES256', kid, ...header })

const clock = { ms: 1000 }
const faults: unknown[] = []
let server: ReturnType<typeof createServer>
let answer: RequestListener
let asked: string[]
let url: string
let authenticate: ReturnType<typeof createKeySetAuthenticate>

beforeEach(async () => {
  faults.length = 0
  asked = []
  answer = answers(setOf('first'))
  server = createServer((req, res) => {
    asked.push(`${req.method} ${req.url}`)
    answer(req, res)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const keys = new JwksKeys({
    url: `${url}/keys`,
    fetch,
    monotonicNow: () => clock.ms,
    onFault: (error) => faults.push(error),
  })
  authenticate = createKeySetAuthenticate(keys.find, rulesOf())
})
afterEach(async () => {
  jest.restoreAllMocks()
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
})

const isBelieved = async (kid: Kid) =>
  expect(await believed(authenticate, tokenOf(kid))).toMatchObject({ userId: 'ann' })
const isRefused = (kid: Kid) =>
  refused(authenticate, tokenOf(kid)).then(
    () => true,
    () => false,
  )
const codeOf = async (token: string) => (await refused(authenticate, token)).code

describe('the keys', () => {
  it('are asked for with the first token, once, however many come together', async () => {
    expect(asked).toEqual([])
    await Promise.all(Array.from({ length: 50 }, () => isBelieved('first')))
    await isBelieved('first')
    expect(asked).toEqual(['GET /keys'])
    expect(faults).toEqual([])
  })

  it('are asked for anew where a token names an unknown one: a rotation is picked up', async () => {
    await isBelieved('first')
    answer = answers(setOf('second'))
    await isBelieved('second')
    expect(await codeOf(tokenOf('first'))).toBe('unauthorized')
  })

  it('are asked for at once a few times, and then once in ten seconds, whatever keys tokens name', async () => {
    await isBelieved('first')
    const flood = Array.from({ length: 200 }, (_, n) => tokenOf('unknown', { kid: `k${n}` }))
    for (const token of flood.slice(0, 100)) expect(await codeOf(token)).toBe('unauthorized')
    await Promise.all(flood.slice(100).map(async (token) => codeOf(token)))
    await isBelieved('first')
    expect(asked).toHaveLength(6)
    clock.ms += 9999
    await codeOf(flood[0] as string)
    expect(asked).toHaveLength(6)
    clock.ms += 1
    answer = answers(setOf('first', 'second'))
    await isBelieved('second')
    expect(asked).toHaveLength(7)
    await Promise.all(flood.map(async (token) => codeOf(token)))
    expect(asked).toHaveLength(7)
  })

  it('come from one address alone, whatever a token says', async () => {
    const addresses = { jku: `${url}/jku`, x5u: `${url}/x5u`, iss: `${url}/iss` }
    const claims = claimsOf({ iss: url })
    for (const kid of [`${url}/kid`, '../kid', 'first']) {
      const token = mintBy(pairs.unknown, { alg: 'ES256', ...addresses, kid }, claims)
      expect(await codeOf(token)).toBe('unauthorized')
    }
    expect(new Set(asked)).toEqual(new Set(['GET /keys']))
  })

  it('are refreshed when they are ten minutes old, and nobody waits for that', async () => {
    await isBelieved('first')
    const held: ServerResponse[] = []
    answer = (_req, res) => held.push(res)
    clock.ms += 10 * MINUTE_MS
    await isBelieved('first')
    expect(asked).toHaveLength(1)
    clock.ms += 1
    await isBelieved('first')
    await isBelieved('first')
    await waitFor('the question', () => held.length > 0)
    expect(asked).toHaveLength(2)
    answer = answers(setOf('second'))
    held[0]?.end(setOf('second'))
    await waitFor('the old key to go', () => isRefused('first'))
    await isBelieved('second')
  })
})

describe('while the provider is down', () => {
  it('the last good keys hold, for as long as that takes', async () => {
    await isBelieved('first')
    answer = refuses
    for (let hour = 0; hour < 24; hour += 1) {
      clock.ms += 60 * MINUTE_MS
      await isBelieved('first')
    }
    await waitFor('the faults to be told', () => faults.length > 0)
    expect(faults[0]).toMatchObject({ message: 'AUTH_JWKS_URL gave no keys' })
  })

  it('a token of an unknown key is not called wrong, since that can not be said', async () => {
    await isBelieved('first')
    answer = refuses
    const error = await refused(authenticate, tokenOf('second'))
    expect(error).toMatchObject({ code: 'unavailable', retryAfterSeconds: 5 })
    expect(error.message).not.toContain(url)
    answer = answers(setOf('first', 'second'))
    await isBelieved('second')
  })

  it('from the start on, all tokens are unavailable, and it is asked no more than else', async () => {
    answer = refuses
    for (let attempt = 0; attempt < 20; attempt += 1) {
      expect(await codeOf(tokenOf('first'))).toBe('unavailable')
    }
    expect(asked).toHaveLength(6)
    expect(faults).toHaveLength(6)
    answer = answers(setOf('first'))
    clock.ms += 10_000
    await isBelieved('first')
  })
})

describe('an answer that is no key set', () => {
  const endless: RequestListener = (_req, res) => {
    const chunk = Buffer.alloc(1 << 16, ' ')
    const write = () => {
      while (!res.destroyed && res.write(chunk));
    }
    res.on('drain', write)
    write()
  }
  const cut: RequestListener = (_req, res) => {
    res.writeHead(200, { 'Content-Length': 1000 })
    res.write('{"keys":[')
    setImmediate(() => res.destroy())
  }
  const status =
    (code: number, headers = {}): RequestListener =>
    (_req, res) =>
      res.writeHead(code, headers).end(setOf('second'))

  const odd: [string, RequestListener][] = [
    ['a redirect', status(302, { Location: '/elsewhere' })],
    ['a redirect for good', status(308, { Location: '/elsewhere' })],
    ['500', status(500)],
    ['404', status(404)],
    ['a page', answers('<!doctype html><title>Sign in</title>')],
    ['nothing', answers('')],
    ['null', answers('null')],
    ['a list', answers('[]')],
    ['no keys', answers('{}')],
    ['keys that are no list', answers('{"keys":{"0":{}}}')],
    ['keys that are no keys', answers('{"keys":[5]}')],
    ['half a set', answers(setOf('first').slice(0, -5))],
    ['one of more than a MiB', answers(`${setOf('first', 'second')}${' '.repeat(1 << 20)}`)],
    ['one without end', endless],
    ['one that is cut', cut],
  ]

  it.each(odd)('leaves the keys as they were: %s', async (_, oddly) => {
    await isBelieved('first')
    answer = oddly
    expect(await codeOf(tokenOf('second'))).toBe('unavailable')
    await isBelieved('first')
    expect(asked).not.toContain('GET /elsewhere')
    expect(faults).toHaveLength(1)
  })

  it.each(odd)('is no reason to believe anybody: %s', async (_, oddly) => {
    answer = oddly
    expect(await codeOf(tokenOf('first'))).toBe('unavailable')
    answer = answers(setOf('first'))
    await isBelieved('first')
  })

  it('is given up where it does not come within 5 s', async () => {
    const deadline = new AbortController()
    const timeout = jest.spyOn(AbortSignal, 'timeout').mockReturnValue(deadline.signal)
    answer = (_req, res) => {
      res.write('{"keys":')
      setImmediate(() => deadline.abort(new Error('late')))
    }
    expect(await codeOf(tokenOf('first'))).toBe('unavailable')
    expect(timeout).toHaveBeenCalledWith(5000)
  })
})
