// Requests on one connection that don't wait for the answers before them, from who has no token:
// they must neither end the process nor leave anything open in it.

import { readdirSync, readlinkSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { UPGRADE_HEADERS } from '../support/httpRequest.js'
import { RawSocket } from '../support/RawSocket.js'
import { type ServerProcess, startServerProcess } from '../support/serverProcess.js'
import { WatchedServer } from '../support/WatchedServer.js'
import { waitFor } from '../support/waitFor.js'

const get = (path: string, headers: Record<string, string> = {}) =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    '',
  ].join('\r\n')

describe('an upgrade behind an unanswered request', () => {
  let server: WatchedServer

  beforeAll(async () => {
    server = await WatchedServer.start()
  })
  afterAll(() => server?.end())

  const upgrades: [string, string][] = [
    ['to HTTP/2', get('/healthz', { Connection: 'Upgrade', Upgrade: 'h2c' })],
    ['to a WebSocket', get('/ws', UPGRADE_HEADERS)],
    ['to a WebSocket elsewhere', get('/elsewhere', UPGRADE_HEADERS)],
  ]
  const firsts = ['/metrics', '/', '/api/sync/poll?since=now&wait=20', '/api/sync/stream']

  it.each(
    firsts.flatMap((first) => upgrades.map(([what, upgrade]) => [what, first, upgrade] as const)),
  )('%s ends its connection, and nothing else: behind %s', async (_what, first, upgrade) => {
    const raw = await RawSocket.open(server.url)
    const authorization = { Authorization: `Bearer ${server.token('hasty')}` }
    raw.write(get(first, first.startsWith('/api') ? authorization : {}) + upgrade)
    await raw.closed
    expect(raw.text).not.toContain('101 Switching Protocols')
    await server.expectUnharmed()
  })
})

describe('pages that are asked for many times at once', () => {
  const REQUESTS = 500
  let process: ServerProcess

  beforeAll(async () => {
    process = await startServerProcess({ LOG_LEVEL: 'warn' })
  })
  afterAll(() => process?.kill())

  /** How many times the server has the file open now. One that is closed while we look is none. */
  function timesOpen(name: string): number {
    const descriptors = `/proc/${process.child.pid}/fd`
    return readdirSync(descriptors).filter((descriptor) => {
      try {
        return readlinkSync(`${descriptors}/${descriptor}`).endsWith(name)
      } catch {
        return false
      }
    }).length
  }

  async function askForAsset(): Promise<[asset: string, raw: RawSocket]> {
    const page = await (await fetch(process.url)).text()
    const asset = /\/assets\/[^"]+\.js/.exec(page)?.[0] ?? 'no asset'
    const raw = await RawSocket.open(process.url)
    raw.write(get(asset).repeat(REQUESTS))
    return [asset, raw]
  }

  it('hold one file open at a time', async () => {
    const [asset, raw] = await askForAsset()
    let mostOpen = 0
    await waitFor('all to be answered', () => {
      mostOpen = Math.max(mostOpen, timesOpen(asset))
      return raw.text.split('HTTP/1.1 ').length > REQUESTS
    })
    expect(mostOpen).toBeLessThanOrEqual(1)
    expect(raw.text).toMatch(/^HTTP\/1.1 200 /)
  })

  it('hold none when the client has gone', async () => {
    const [asset, raw] = await askForAsset()
    await waitFor('the first bytes', () => raw.text !== '')
    // What it opens for those behind, it opens before it answers another.
    for (let turn = 0; turn < 5; turn += 1) await fetch(`${process.url}/healthz`)
    raw.reset()
    await waitFor('the page to be closed', () => timesOpen(asset) === 0)
  })
})
