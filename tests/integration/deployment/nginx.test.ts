// examples/nginx.conf in a real nginx: what it does with nodes that are well, away, or die over a
// request.

import { once } from 'node:events'
import { createServer, type RequestListener, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { SyncServerOptions } from '../../../server/createSyncServer.js'
import { Api } from '../../support/Api.js'
import { expectServed } from '../../support/canary.js'
import { freePort } from '../../support/freePort.js'
import { httpRequest, JSON_HEADERS, UPGRADE_HEADERS } from '../../support/httpRequest.js'
import { startExampleNginx } from '../../support/nginx.js'
import { closeOpenClients } from '../../support/openClients.js'
import { RedisServer } from '../../support/RedisServer.js'
import { StreamClient } from '../../support/StreamClient.js'
import { startTestServer } from '../../support/testServer.js'

const toStop: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await closeOpenClients()
  for (const stop of toStop.splice(0).reverse()) await stop()
})

const portOf = (url: string) => Number(new URL(url).port)

async function startNode(options: SyncServerOptions = {}): Promise<number> {
  const node = await startTestServer({ trustProxy: 1, ...options })
  toStop.push(() => node.close())
  return portOf(node.url)
}

async function startBefore(...nodePorts: readonly number[]): Promise<string> {
  const nginx = await startExampleNginx(nodePorts)
  toStop.push(() => nginx.stop())
  return nginx.url
}

/** Answers as it is told to, and counts what reaches it. */
class Stub {
  posts = 0
  connections = 0
  readonly #server: Server

  constructor(answer: RequestListener) {
    this.#server = createServer((req, res) => {
      if (req.method === 'POST') this.posts += 1
      answer(req, res)
    })
    this.#server.on('connection', () => {
      this.connections += 1
    })
  }

  async listen(): Promise<number> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening')
    toStop.push(async () => {
      this.#server.closeAllConnections()
      this.#server.close()
    })
    return (this.#server.address() as AddressInfo).port
  }
}

const post = (url: string) =>
  httpRequest(url, { method: 'POST', headers: JSON_HEADERS, body: '{}' })

describe('nodes that are well', () => {
  it('serve every transport as one, to a page of its own too, while another is away', async () => {
    const redis = await RedisServer.start()
    toStop.push(() => redis.stop())
    const shared = { redisUrl: redis.url }
    const ports = [await startNode(shared), await startNode(shared), await startNode(shared)]
    const url = await startBefore(await freePort(), ...ports)
    // One connection after the other, each to the next node.
    for (let round = 0; round < 3; round += 1) await expectServed(url)
    const upgrade = (Origin: string) =>
      httpRequest(`${url}/ws`, { headers: { ...UPGRADE_HEADERS, Origin } })
    expect((await upgrade(url)).status).toBe(101)
    expect((await upgrade('http://elsewhere.example')).status).toBe(403)
    expect((await httpRequest(`${url}/metrics`)).status).toBe(404)
  })

  it('tell clients apart by their own addresses, whatever these claim', async () => {
    const url = await startBefore(await startNode({ maxConnectionsPerAddress: 2 }))
    const streamFrom = (localAddress: string, forged: string) =>
      new Promise((resolve, reject) => {
        const headers = { 'X-Forwarded-For': forged }
        const outgoing = request(`${url}/api/sync/stream`, { localAddress, headers }, (answer) =>
          resolve(answer.statusCode),
        )
        toStop.push(async () => outgoing.destroy())
        outgoing.on('error', reject).end()
      })
    expect(await streamFrom('127.0.0.2', '192.0.2.1')).toBe(200)
    expect(await streamFrom('127.0.0.2', '192.0.2.2')).toBe(200)
    expect(await streamFrom('127.0.0.2', '192.0.2.3')).toBe(503)
    expect(await streamFrom('127.0.0.3', '192.0.2.1')).toBe(200)
  })

  it('keep their connections to nginx', async () => {
    const node = new Stub((_req, res) => res.end())
    const url = await startBefore(await node.listen())
    for (let sent = 0; sent < 50; sent += 1) expect((await post(url)).status).toBe(200)
    // One for each worker at most, and what asked whether it is up.
    expect(node.connections).toBeLessThan(25)
  })

  it('stay in use, whatever a client sends', async () => {
    const limits = { maxConnectionsPerUser: 1 }
    const ports = [await startNode(limits), await startNode(limits), await startNode(limits)]
    const url = await startBefore(...ports)
    const bad = { method: 'POST', headers: JSON_HEADERS }
    const broken = [
      () => httpRequest(`${url}/api/sync/send`, { ...bad, body: 'x'.repeat(900_000) }),
      () => httpRequest(`${url}/api/sync/send`, { ...bad, body: '{' }),
      () => httpRequest(`${url}/api/sync/poll`, { headers: { Padding: 'x'.repeat(20_000) } }),
      () => httpRequest(`${url}/ws`, { headers: { ...UPGRADE_HEADERS, Host: 'evil.example' } }),
      () => StreamClient.open(url, { token: 'dev:greedy' }),
    ]
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(broken.map((send) => send().catch(() => undefined)))
      expect((await new Api(url).poll({ since: 'now' })).status).toBe(200)
    }
  })
})

describe('a node that is away', () => {
  it('is passed over, by what publishes, too', async () => {
    const node = new Stub((_req, res) => res.end())
    const url = await startBefore(await freePort(), await freePort(), await node.listen())
    for (let sent = 0; sent < 20; sent += 1) expect((await post(url)).status).toBe(200)
    expect(node.posts).toBe(20)
  })
})

describe('a node that dies over a request', () => {
  const dies: RequestListener = (req) => req.resume().on('end', () => req.socket.destroy())

  it('may have published: what was sent to it is not sent to another', async () => {
    const dying = new Stub(dies)
    const other = new Stub(dies)
    const url = await startBefore(await dying.listen(), await other.listen())
    expect((await post(url)).status).toBe(502)
    expect(dying.posts + other.posts).toBe(1)
  })

  it('costs nothing where something was only asked of it', async () => {
    const dying = new Stub(dies)
    const well = new Stub((_req, res) => res.end())
    const url = await startBefore(await dying.listen(), await well.listen())
    for (let asked = 0; asked < 10; asked += 1) expect((await httpRequest(url)).status).toBe(200)
  })
})
