// An upgrade that the server doesn't know, such as `curl --http2` offers, is ignored and the
// request served (RFC 9110, section 7.8). By then Node has taken its own listeners off the socket,
// so all that may become of one is looked at here.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { expectServed } from '../support/canary.js'
import { type GuestServer, startGuestServer } from '../support/guestServer.js'
import { RawSocket } from '../support/RawSocket.js'
import { startServerProcess } from '../support/serverProcess.js'
import { waitFor } from '../support/waitFor.js'

const HELD = '/api/sync/poll?since=now&wait=20'
const STREAM = '/api/sync/stream'

const offer = (path: string, ...headers: string[]) =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade, HTTP2-Settings',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAAQAAP__',
    ...headers,
    '',
    '',
  ].join('\r\n')

/** The body of an answer in chunks (RFC 9112, section 7.1), as far as it came. */
function bodyOf({ text }: RawSocket): string {
  const parts: string[] = []
  for (let at = text.indexOf('\r\n\r\n') + 4; ; ) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd === -1) return parts.join('')
    const size = Number.parseInt(text.slice(at, lineEnd), 16)
    if (!(size > 0) || text.length < lineEnd + 4 + size) return parts.join('')
    parts.push(text.slice(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 4 + size
  }
}

describe('a request that offers HTTP/2', () => {
  let guest: GuestServer
  /** Lets those through whose token is being checked. */
  let admit: (() => void) | undefined
  let isAtOnce: boolean

  beforeEach(async () => {
    admit = undefined
    isAtOnce = true
    guest = await startGuestServer({
      authenticate: async () => {
        if (!isAtOnce) {
          await new Promise<void>((resolve) => {
            admit = resolve
          })
        }
        return { userId: 'ann', roles: ['admin'] }
      },
    })
  })

  afterEach(() => guest.close())

  const total = () => (guest.sync.stats() as { connections: { total: number } }).connections.total

  async function expectNothingLeft(): Promise<void> {
    await waitFor('it to be let go', () => total() === 0)
    expect((await guest.sync.publish({ type: 'test', userId: 'ann' })).recipients).toBe(0)
  }

  const leaves: [string, (raw: RawSocket) => void][] = [
    ['resets', (raw) => raw.reset()],
    ['ends its side', (raw) => raw.socket.end()],
  ]
  const ways = [STREAM, HELD].flatMap((path) =>
    leaves.map(([how, leave]) => [path, how, leave] as const),
  )

  it.each(ways)('for %s, whose client %s before the first byte', async (path, _how, leave) => {
    isAtOnce = false
    const raw = await RawSocket.open(guest.url)
    raw.write(offer(path))
    await waitFor('the token to be looked at', () => admit)
    leave(raw)
    await raw.closed
    await waitFor('the host to see it leave', () => guest.sockets.size === 0)
    isAtOnce = true
    admit?.()
    await new Api(guest.url).status()
    await expectNothingLeft()
    expect(raw.text).toBe('')
  })

  it.each(ways)('for %s, whose client %s while it is served', async (path, _how, leave) => {
    const raw = await RawSocket.open(guest.url)
    raw.write(offer(path))
    await waitFor('it to be served', () => total() === 1)
    if (path === STREAM) await waitFor('"connected"', () => raw.text.includes('event: connected'))
    leave(raw)
    await raw.closed
    await waitFor('the host to see it leave', () => guest.sockets.size === 0)
    await expectNothingLeft()
  })

  it('for a stream, whose client leaves in the middle of a long history', async () => {
    await fill(100)
    for (const [, leave] of leaves) {
      const raw = await RawSocket.open(guest.url)
      raw.freeze()
      raw.write(offer(`${STREAM}?since=0`))
      await waitFor('it to be served', () => total() === 1)
      leave(raw)
      raw.socket.resume()
      await raw.closed
      await waitFor('it to be let go', () => total() === 0)
      await waitFor('the host to see it leave', () => guest.sockets.size === 0)
    }
  })

  it('is sent all of a long history, in order, also where it reads late, and what comes then', async () => {
    const ids = await fill(200)
    const raw = await RawSocket.open(guest.url)
    raw.freeze()
    raw.write(offer(`${STREAM}?since=0`))
    await waitFor('it to be served', () => total() === 1)
    raw.socket.resume()
    const live = await guest.sync.publish({ type: 'end', userId: 'ann' })
    await waitFor('the last message', () => raw.text.includes(`{"id":"${live.messageId}"`), 20_000)
    expect(raw.text).toMatch(/^HTTP\/1\.1 200 /)
    const messages = bodyOf(raw)
      .split('\n\n')
      .flatMap((event) => /event: message\ndata: (.*)/.exec(event)?.[1] ?? [])
      .map((text) => JSON.parse(text))
    expect(messages.map(({ id }) => id)).toEqual([...ids, live.messageId])
    expect(messages.slice(0, -1).every(({ payload }) => payload.length === 50_000)).toBe(true)
    await raw.close()
  })

  it.each([
    ['poll', '/api/sync/poll'],
    ['status', '/api/sync/status'],
  ])('for a %s is answered and hung up on', async (_what, path) => {
    const raw = await RawSocket.open(guest.url)
    raw.write(offer(path))
    await raw.closed
    expect(raw.text).toMatch(/^HTTP\/1\.1 200 /)
    expect(raw.text).toMatch(/^connection: close/im)
    expect(raw.text).toContain('"success":true')
  })

  it.each([
    ['a length', 'Content-Length: 2', '{}'],
    ['chunks', 'Transfer-Encoding: chunked', '2\r\n{}\r\n0\r\n\r\n'],
  ])('with a body of %s is 400, since that could not be read', async (_what, header, body) => {
    const raw = await RawSocket.open(guest.url)
    const head = offer('/api/sync/force', 'Content-Type: application/json', header)
    raw.write(head.replace('GET', 'POST') + body)
    await raw.closed
    expect(raw.text).toMatch(/^HTTP\/1\.1 400 /)
    expect(raw.text).toContain('"code":"invalid_request"')
    expect(guest.sync.stats()).toMatchObject({ published: 0, log: { messages: 0 } })
  })

  /** 50 KB each; the ids. */
  async function fill(count: number): Promise<string[]> {
    const ids: string[] = []
    while (ids.length < count) {
      const draft = { type: 'test', userId: 'ann', payload: 'x'.repeat(50_000) }
      ids.push((await guest.sync.publish(draft)).messageId)
    }
    return ids
  }
})

it('lives on after two hundred clients that offered HTTP/2 and left at every moment', async () => {
  const server = await startServerProcess({ LOG_LEVEL: 'warn' })
  try {
    for (let round = 0; round < 200; round += 1) {
      const raw = await RawSocket.open(server.url)
      raw.write(offer(round % 2 === 0 ? STREAM : HELD))
      for (let turn = 0; turn < round % 10; turn += 1) {
        await new Promise((resolve) => setImmediate(resolve))
      }
      if (round % 3 === 0) raw.socket.end()
      else raw.reset()
    }
    await expectServed(server.url)
    await waitFor('all to be let go', async () => {
      const { body } = await new Api(server.url).status()
      return body.connections.total === 0
    })
    expect(server.child.exitCode).toBeNull()
    expect(server.output()).not.toContain('fault')
  } finally {
    await server.kill()
  }
})
