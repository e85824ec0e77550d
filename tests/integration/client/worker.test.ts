// The client away from a page: in a worker thread, and in a process that is to end by itself.

import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { Api } from '../../support/Api.js'
import { startHostProcess } from '../../support/hostProcess.js'
import { startTestServer, type TestServer } from '../../support/testServer.js'
import { Inbox, waitFor } from '../../support/waitFor.js'

const CLIENT = new URL('../../../dist/client/connection/index.js', import.meta.url).href

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

it.each(['websocket', 'sse', 'long-poll'])('works in a worker thread over %s', async (name) => {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads')
    const { WebSocket } = require('ws')
    import('${CLIENT}').then(({ ConnectionManager }) => {
      const options = { baseUrl: '${server.url}', transports: ['${name}'], WebSocket }
      const manager = new ConnectionManager(options)
      manager.onMessage(({ payload }) => parentPort.postMessage(payload))
      manager.on('status', ({ isConnected }) => isConnected && parentPort.postMessage('connected'))
      parentPort.on('message', (payload) => {
        if (payload === 'stop') {
          manager.disconnect()
          parentPort.close()
        } else void manager.send({ type: 'a', payload })
      })
      manager.connect()
    })`,
    { eval: true },
  )
  try {
    const heard = new Inbox<unknown>()
    let exitCode: number | undefined
    worker.on('message', (payload) => heard.add(payload))
    worker.on('exit', (code) => {
      exitCode = code
    })
    await heard.next('a connection', (payload) => payload === 'connected')
    await new Api(server.url).broadcast({ type: 'a', payload: 1 })
    await heard.next('a message', (payload) => payload === 1)
    worker.postMessage(2)
    await heard.next('its own message', (payload) => payload === 2)
    worker.postMessage('stop')
    // Nothing is left that keeps it running.
    await waitFor('its end', () => exitCode !== undefined)
    expect(exitCode).toBe(0)
  } finally {
    await worker.terminate()
  }
})

it('lets the process end after disconnect(), whatever it was doing', async () => {
  const host = await startHostProcess(`
    import { WebSocket } from 'ws'
    import { ConnectionManager } from './dist/client/connection/index.js'
    const managers = ['websocket', 'sse', 'long-poll', 'poll'].flatMap((name) =>
      ['${server.url}', 'http://127.0.0.1:1'].map((baseUrl) =>
        new ConnectionManager({ baseUrl, transports: [name], WebSocket })))
    for (const manager of managers) {
      manager.connect()
      manager.send({ type: 'a' }).catch(() => {})
    }
    const isConnected = (manager) => manager.getSnapshot().isConnected
    const timer = setInterval(() => {
      if (managers.filter(isConnected).length < 4) return
      clearInterval(timer)
      console.log('running at ${server.url}')
      for (const manager of managers) manager.disconnect()
    }, 20)
  `)
  try {
    await waitFor('its end', () => host.child.exitCode !== null, 5000)
    expect(host.child.exitCode).toBe(0)
  } finally {
    await host.kill()
  }
})
