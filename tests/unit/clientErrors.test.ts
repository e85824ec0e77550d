// What Node's own parser refuses, over real sockets: told in the form of every other error, and
// never in the middle of an answer.

import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { answerClientErrors } from '../../server/clientErrors.js'
import { RawSocket } from '../support/RawSocket.js'
import { waitFor } from '../support/waitFor.js'

/** What is slow in production takes seconds there. */
const TIMEOUTS = { headersTimeout: 60, requestTimeout: 120, connectionsCheckingInterval: 20 }
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n'

let server: Server
let url: string
let onRequest: RequestListener
let served: number
async function start(options: ServerOptions): Promise<void> {
  served = 0
  onRequest = (_req, res) => res.end('served')
  server = createServer(options, (req, res) => {
    served += 1
    onRequest(req, res)
  })
  answerClientErrors(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
async function stop(): Promise<void> {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}
beforeEach(() => start({}))
afterEach(stop)

/** All that comes back on a connection that these bytes are written to, once it has ended. */
async function answerTo(...parts: string[]): Promise<string> {
  const raw = await RawSocket.open(url)
  for (const part of parts) raw.write(part)
  await raw.closed
  return raw.text
}

function expectRefusal(text: string, status: string, code: string): void {
  const [head = '', body = ''] = text.split('\r\n\r\n')
  const [first, ...headers] = head.split('\r\n')
  expect(first).toBe(`HTTP/1.1 ${status}`)
  expect(headers).toEqual([
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    'Cache-Control: no-store',
    `Content-Length: ${body.length}`,
  ])
  const message = expect.stringMatching(/^[\w./ ]{20,}$/)
  expect(JSON.parse(body)).toEqual({ success: false, error: { code, message } })
}

describe('a request that is none', () => {
  it.each([
    ['another protocol', 'HELO there\r\n\r\n'],
    ['a TLS handshake', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001'],
    ['zero bytes', '\u0000\u0000\u0000\u0000'],
    ['an unknown method', 'GETT / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a version that is none', 'GET / HTTP/9.9\r\nHost: a\r\n\r\n'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
    ['two lengths', `${GET}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`],
    [
      'a length and chunks',
      `${GET}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['a length that is none', `${GET}Content-Length: -5\r\n\r\n`],
    ['a length with words', `${GET}Content-Length: 5x\r\n\r\n`],
    ['a header folded', `${GET}A: b\r\n c\r\n\r\n`],
    ['a header with a bare line feed', `${GET}A: b\nB: c\n\n`],
    ['a header without a colon', `${GET}nonsense\r\n\r\n`],
    ['a space before a colon', `${GET}Content-Length : 5\r\n\r\nhello`],
    ['a zero byte in a header', `${GET}A: \u0000\r\n\r\n`],
  ])('is 400: %s', async (name, bytes) => {
    const text = await answerTo(bytes)
    // Node itself answers what it has understood so far.
    if (name === 'no Host') expect(text).toMatch(/^HTTP\/1\.1 400 /)
    else expectRefusal(text, '400 Bad Request', 'invalid_request')
  })

  it('is 400 where its chunks are none, though it was a request so far', async () => {
    onRequest = (req, res) => req.on('end', () => res.end())
    const head = `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`
    expectRefusal(await answerTo(`${head}zz\r\n`), '400 Bad Request', 'invalid_request')
  })

  it('is 431 where its headers are more than 16 KiB', async () => {
    const long = `${GET}A: ${'a'.repeat(17_000)}\r\n\r\n`
    const many = `${GET}${'Name: value\r\n'.repeat(1900)}\r\n`
    const status = '431 Request Header Fields Too Large'
    for (const bytes of [long, many]) expectRefusal(await answerTo(bytes), status, 'too_large')
    const path = `GET /${'a'.repeat(17_000)} HTTP/1.1\r\nHost: a\r\n\r\n`
    expectRefusal(await answerTo(path), status, 'too_large')
    expect(served).toBe(0)
  })

  it('is 408 where it does not come to its end', async () => {
    await stop()
    await start(TIMEOUTS)
    onRequest = (req, res) => req.on('end', () => res.end())
    const status = '408 Request Timeout'
    const slow = await Promise.all([
      answerTo('GET / HT'),
      answerTo(`${GET}A: `),
      answerTo(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe`),
    ])
    for (const text of slow) expectRefusal(text, status, 'invalid_request')
  })

  it('tells nothing of what came', async () => {
    const text = await answerTo('GET /secret HTTP/1.1\r\nAuthorization secret\r\n\r\n')
    expect(text).not.toMatch(/secret|HPE|parse|\bat /i)
  })

  it('is refused after one that was answered, on the same connection', async () => {
    const raw = await RawSocket.open(url)
    raw.write(`${GET}\r\n`)
    await waitFor('the answer', () => raw.text.includes('served'))
    raw.write('nonsense\r\n\r\n')
    await raw.closed
    const [first = '', second = ''] = raw.text.split('served')
    expect(first).toMatch(/^HTTP\/1\.1 200 /)
    expectRefusal(second.replace(/^\r\n0\r\n\r\n/, ''), '400 Bad Request', 'invalid_request')
  })
})

describe('an answer under way', () => {
  /** Begins an answer and does not end it. */
  const begins: RequestListener = (_req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' })
    res.write('data: begun\n\n')
  }

  it('is cut rather than written into', async () => {
    onRequest = begins
    const raw = await RawSocket.open(url)
    raw.write(`${GET}\r\n`)
    await waitFor('the answer', () => raw.text.includes('begun'))
    raw.write('nonsense\r\n\r\n')
    await raw.closed
    expect(raw.text.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(raw.text).not.toContain('error')
  })

  it('is cut rather than written into, also where another request waits behind it', async () => {
    onRequest = (req, res) => {
      if (served === 1) begins(req, res)
    }
    const raw = await RawSocket.open(url)
    raw.write(`${GET}\r\n`)
    await waitFor('the answer', () => raw.text.includes('begun'))
    raw.write(`${GET}\r\n`)
    await waitFor('the second request', () => served === 2)
    raw.write('nonsense\r\n\r\n')
    await raw.closed
    expect(raw.text.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(raw.text).not.toContain('error')
  })

  it('is over with its last byte: what comes after it is refused as ever', async () => {
    onRequest = (_req, res) => {
      res.writeHead(200, { 'Content-Length': 4 })
      res.write('done')
      setImmediate(() => res.end())
    }
    const raw = await RawSocket.open(url)
    raw.write(`${GET}\r\n`)
    await waitFor('the answer', () => raw.text.endsWith('done'))
    raw.write(`${GET}\r\n`)
    await waitFor('the second answer', () => served === 2 && raw.text.split('done').length === 3)
    raw.write('nonsense\r\n\r\n')
    await raw.closed
    expectRefusal(raw.text.split('done')[2] ?? '', '400 Bad Request', 'invalid_request')
  })
})

it('goes on serving others, whoever resets or leaves in the middle', async () => {
  const half = [GET, 'GET', 'nonsense', `${GET}A: ${'a'.repeat(17_000)}`, '']
  for (const bytes of half) {
    const raw = await RawSocket.open(url)
    raw.write(bytes)
    raw.reset()
    await raw.closed
  }
  const reply = await fetch(url)
  expect(await reply.text()).toBe('served')
})
