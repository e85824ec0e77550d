// The server behind a real nginx, configured well or badly.

import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { expectServed } from '../support/canary.js'
import { httpRequest, UPGRADE_HEADERS } from '../support/httpRequest.js'
import { type Nginx, startNginx } from '../support/nginx.js'
import { closeOpenClients } from '../support/openClients.js'
import { RawSocket } from '../support/RawSocket.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { waitFor } from '../support/waitFor.js'

let server: TestServer
let nginx: Nginx

beforeAll(async () => {
  server = await startTestServer()
  nginx = await startNginx({ upstreamPort: Number(new URL(server.url).port) })
})
beforeEach(() => nginx.reload('plain'))
afterEach(closeOpenClients)
afterAll(async () => {
  await nginx.stop()
  await server.close()
})

const publish = () => server.server.publish({ type: 'a', payload: 'x'.repeat(100) })

it('serves every transport when it is configured as it should be', async () => {
  await expectServed(nginx.url)
})

it('passes Host and Origin on, so that a page of its own may connect and others may not', async () => {
  const upgrade = (Origin: string) =>
    httpRequest(`${nginx.url}/ws`, { headers: { ...UPGRADE_HEADERS, Origin } })
  expect((await upgrade(nginx.url)).status).toBe(101)
  expect((await upgrade('http://elsewhere.example')).status).toBe(403)
})

it('without the upgrade’s headers refuses WebSockets, while streams and polls go on', async () => {
  await nginx.reload('noUpgrade')
  const answer = await httpRequest(`${nginx.url}/ws`, { headers: UPGRADE_HEADERS })
  expect(answer.status).toBe(426)
  const stream = await StreamClient.open(nginx.url)
  await stream.next('connected')
  const { messageId } = await publish()
  expect((await stream.next('message')).data.id).toBe(messageId)
})

it('keeps a stream to itself where it is told to ignore what the server asks', async () => {
  await nginx.reload('buffers')
  const raw = await RawSocket.open(nginx.url)
  raw.write('GET /api/sync/stream HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await waitFor('it to be served', () => connections() === 1)
  await publish()
  expect((await new Api(nginx.url).poll()).status).toBe(200)
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(raw.text).not.toContain('event: message')
  await raw.close()
})

it('cuts an idle WebSocket after 10 s, if it is told to', async () => {
  await nginx.reload('cutsIdle')
  const socket = await SocketClient.connect(nginx.url)
  const connectedAt = performance.now()
  expect((await socket.closed).code).toBe(1006)
  expect(performance.now() - connectedAt).toBeGreaterThan(9000)
  expect(performance.now() - connectedAt).toBeLessThan(13_000)
})

it('lets go of old connections when it is changed', async () => {
  const socket = await SocketClient.connect(nginx.url)
  await nginx.reload('noUpgrade')
  await socket.closed
  await waitFor('the server to see it', () => connections() === 0)
})

function connections(): number {
  return (server.server.stats() as { connections: { total: number } }).connections.total
}
