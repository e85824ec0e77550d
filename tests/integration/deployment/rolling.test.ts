// Nodes restarted one after the other behind nginx, while a client of the official kind follows and a
// back end publishes: nobody misses anything, and what was refused is published when it is tried again.

import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { WebSocket } from 'ws'
import { ConnectionManager } from '../../../client/connection/index.js'
import { Cluster } from '../../faults/Cluster.js'
import { Api } from '../../support/Api.js'
import { startExampleNginx } from '../../support/nginx.js'
import { waitFor } from '../../support/waitFor.js'

const EVERY_MS = 10

let cluster: Cluster
let client: ConnectionManager | undefined
let nginx: Awaited<ReturnType<typeof startExampleNginx>>
beforeAll(async () => {
  cluster = await Cluster.start({ env: { TRUST_PROXY: '1' } })
  nginx = await startExampleNginx(cluster.nodes.map(({ url }) => Number(new URL(url).port)))
})
afterAll(async () => {
  client?.disconnect()
  await nginx.stop()
  await cluster.stop()
})

it('loses nothing and tells nobody to resync', async () => {
  const following = new ConnectionManager({ baseUrl: nginx.url, WebSocket: WebSocket as never })
  client = following
  const received: string[] = []
  const resyncs: string[] = []
  following.onMessage(({ id }) => received.push(id))
  following.on('resync', ({ reason }) => resyncs.push(reason))
  following.connect()
  await waitFor('it to be connected', () => following.getSnapshot().status === 'connected')

  const refusals = new Map<number, number>()
  const sent: string[] = []
  let isOver = false
  const api = new Api(nginx.url)
  const publishing = (async () => {
    while (!isOver) {
      const headers = { 'Idempotency-Key': `k${sent.length}` }
      const { status, body } = await api.broadcast({ type: 'a' }, headers)
      if (status < 300) sent.push(body.messageId)
      else refusals.set(status, (refusals.get(status) ?? 0) + 1)
      await delay(EVERY_MS)
    }
  })()
  for (const node of cluster.nodes) {
    const count = sent.length
    await waitFor('some to be published', () => sent.length > count + 20)
    await node.drain()
    await node.start()
    await node.untilReady()
  }
  isOver = true
  await publishing
  await waitFor('all of them', () => received.length >= sent.length)
  process.stdout.write(
    `rolling restart: ${sent.length} published, refused ${JSON.stringify([...refusals])}\n`,
  )
  expect(received).toEqual(sent)
  expect(resyncs).toEqual([])
})
