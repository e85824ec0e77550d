// What a client does while its token is being checked: resets, sends on, or shows one that the check
// itself fails at.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { expectServed } from '../support/canary.js'
import { expectCleanLog } from '../support/expectCleanLog.js'
import { type HostProcess, startHostProcess } from '../support/hostProcess.js'
import { jsonFrame, RawSocket } from '../support/RawSocket.js'
import { WatchedServer } from '../support/WatchedServer.js'
import { waitFor } from '../support/waitFor.js'

let server: WatchedServer

beforeAll(async () => {
  server = await WatchedServer.start()
})

afterAll(() => server?.end())

const head = (line: string, token: string, ...headers: string[]) =>
  [line, 'Host: localhost', `Authorization: Bearer ${token}`, ...headers, '', ''].join('\r\n')

describe('a reset while a signature is verified', () => {
  it.each<[string, (raw: RawSocket, token: string) => void]>([
    [
      'of an upgrade',
      (raw, token) => {
        raw.writeUpgrade({ Authorization: `Bearer ${token}` })
        raw.write(jsonFrame({ op: 'connect' }))
      },
    ],
    [
      'of a connect frame',
      (raw, token) => {
        raw.writeUpgrade()
        raw.write(jsonFrame({ op: 'connect', token }))
      },
    ],
    [
      'of a held poll',
      (raw, token) => raw.write(head('GET /api/sync/poll?since=now&wait=20 HTTP/1.1', token)),
    ],
    ['of a stream', (raw, token) => raw.write(head('GET /api/sync/stream HTTP/1.1', token))],
    ['of a ticket', (raw, token) => raw.write(head('POST /api/sync/ticket HTTP/1.1', token))],
  ])('%s, two hundred times, harms nobody', async (_what, write) => {
    const token = server.token('reset')
    for (let round = 0; round < 4; round += 1) {
      const raws = await Promise.all(Array.from({ length: 50 }, () => RawSocket.open(server.url)))
      for (const [index, raw] of raws.entries()) {
        // A token that is none takes another way through the check.
        write(raw, index % 5 === 0 ? `${token}x` : token)
        // Some before the server has read anything, some a little later.
        if (index % 2 === 0) setImmediate(() => raw.reset())
        else setTimeout(() => raw.reset(), index % 10)
      }
      await Promise.all(raws.map(({ closed }) => closed))
    }
    await server.expectUnharmed()
  })
})

it.each([
  ['a foreign Host', { Host: 'evil.example' }, '/ws'],
  ['a foreign Origin', { Origin: 'https://evil.example' }, '/ws'],
  ['a path that is none', {}, '/nothing'],
  ['a key that is none', { 'Sec-WebSocket-Key': 'x' }, '/ws'],
  ['another protocol', { Upgrade: 'h2c' }, '/api/sync/stream'],
])('a reset while an upgrade is refused for %s, a hundred times, harms nobody', async (...row) => {
  const [, headers, path] = row
  const raws = await Promise.all(Array.from({ length: 100 }, () => RawSocket.open(server.url)))
  for (const [index, raw] of raws.entries()) {
    raw.writeUpgrade(headers, path)
    // What comes behind a refusal is still on its way when the reset does.
    raw.write(Buffer.alloc(index * 100))
    if (index % 2 === 0) setImmediate(() => raw.reset())
    else setTimeout(() => raw.reset(), index % 5)
  }
  await Promise.all(raws.map(({ closed }) => closed))
  await server.expectUnharmed()
})

describe('while a token is being checked', () => {
  let host: HostProcess

  beforeAll(async () => {
    host = await startHostProcess(`
      import { createSyncServer } from './dist/server/createSyncServer.js'
      const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
      const server = await createSyncServer({
        port: 0, host: '127.0.0.1', logLevel: 'warn',
        authenticate: async ({ token }) => {
          await delay(token === 'slow' ? 1000 : 30)
          if (token === 'broken') throw new Error('secret database name')
          return token?.startsWith('dev:') || token === 'slow' ? { userId: token.replace('dev:', '') } : null
        },
      })
      console.log('running at ' + (await server.listen()).url)
    `)
  })

  afterAll(() => host?.kill())

  it.each([
    ['an upgrade', (raw: RawSocket) => raw.writeUpgrade({ Authorization: 'Bearer dev:reset' })],
    [
      'a connect frame',
      (raw: RawSocket) => {
        raw.writeUpgrade()
        raw.write(jsonFrame({ op: 'connect', token: 'dev:reset' }))
      },
    ],
    [
      'a held poll',
      (raw: RawSocket) =>
        raw.write(head('GET /api/sync/poll?since=now&wait=20 HTTP/1.1', 'dev:reset')),
    ],
    ['a stream', (raw: RawSocket) => raw.write(head('GET /api/sync/stream HTTP/1.1', 'dev:reset'))],
    [
      'a send',
      (raw: RawSocket) =>
        raw.write(
          head(
            'POST /api/sync/send HTTP/1.1',
            'dev:reset',
            'Content-Length: 12',
            'Content-Type: x',
          ),
        ),
    ],
  ])('two hundred resets in the middle of %s harm nobody', async (_what, write) => {
    for (let round = 0; round < 8; round += 1) {
      const raws = await Promise.all(Array.from({ length: 25 }, () => RawSocket.open(host.url)))
      for (const [index, raw] of raws.entries()) {
        write(raw)
        // Some before the server has read anything, some while it waits for the token's check.
        if (index % 2 === 0) raw.reset()
        else setTimeout(() => raw.reset(), index)
      }
      await Promise.all(raws.map(({ closed }) => closed))
    }
    await expectServed(host.url)
    expect(host.child.exitCode).toBeNull()
    expectCleanLog(host.output().replace(/^running.*$/m, ''))
  })

  it('up to 16 frames wait, in order, and one more is 4429', async () => {
    const waiting = await RawSocket.upgraded(host.url)
    const pings = Array.from({ length: 16 }, (_, ref) => jsonFrame({ op: 'ping', ref }))
    waiting.write(Buffer.concat([jsonFrame({ op: 'connect', token: 'slow' }), ...pings]))
    await waitFor('all answers', () => waiting.said.length === 17)
    expect(waiting.said.slice(1).map(({ ref }) => ref)).toEqual(pings.map((_, ref) => ref))
    await waiting.close()

    const tooMany = await RawSocket.upgraded(host.url)
    tooMany.write(Buffer.concat([jsonFrame({ op: 'connect', token: 'slow' }), ...pings]))
    tooMany.write(jsonFrame({ op: 'ping' }))
    expect(await waitFor('the close', () => tooMany.closeCode)).toBe(4429)
    expect(tooMany.said).toEqual([])
    await tooMany.closed
  })

  it('a check that fails is 1011, and says nothing of why', async () => {
    const raw = await RawSocket.upgraded(host.url)
    raw.write(jsonFrame({ op: 'connect', token: 'broken' }))
    expect(await waitFor('the close', () => raw.closeCode)).toBe(1011)
    await raw.closed
    expect(raw.text).not.toContain('secret')
    expect(host.child.exitCode).toBeNull()
  })
})
