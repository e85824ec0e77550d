// What applications do inside their handlers, and what becomes of the messages then.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Follower, TRANSPORTS } from '../../support/Follower.js'
import { startHostProcess } from '../../support/hostProcess.js'
import { closeOpenClients } from '../../support/openClients.js'
import { startTestServer, type TestServer } from '../../support/testServer.js'
import { waitFor } from '../../support/waitFor.js'

let server: TestServer
beforeEach(async () => {
  server = await startTestServer()
})
afterEach(async () => {
  await closeOpenClients()
  await server.close()
})

const COUNT = 20
const NUMBERS = Array.from({ length: COUNT }, (_, n) => n)
const publishAll = () =>
  server.server.sync.publishBatch(NUMBERS.map((payload) => ({ type: 'a', payload })))

describe.each(TRANSPORTS)('over %s', (name) => {
  it('stops at once when a handler disconnects, and loses nothing by it', async () => {
    const follower = await Follower.start({ baseUrl: server.url, transports: [name] })
    const { manager } = follower
    manager.onMessage(({ payload }) => {
      if (payload === 3) manager.disconnect()
    })
    await publishAll()
    await follower.until('the end', () => follower.snapshot.status === 'disconnected')
    // Whatever was under way has arrived by the time that another message has.
    const other = await Follower.start({ baseUrl: server.url, since: '0' })
    await other.until('all', () => other.messages.length === COUNT)
    expect(follower.payloads).toEqual([0, 1, 2, 3])
    manager.connect()
    await follower.until('the rest', () => follower.messages.length >= COUNT)
    expect(follower.payloads).toEqual(NUMBERS)
    expect(follower.resyncs).toEqual([])
  })

  it('delivers each once where every handler disconnects and connects again', async () => {
    const follower = await Follower.start({ baseUrl: server.url, transports: [name] })
    const { manager } = follower
    manager.onMessage(({ payload }) => {
      if (Number(payload) % 5 !== 4) return
      manager.disconnect()
      manager.connect()
    })
    await publishAll()
    await follower.until('all', () => follower.messages.length >= COUNT, 20_000)
    expect(follower.payloads).toEqual(NUMBERS)
  })

  it('may send and subscribe from a handler', async () => {
    const follower = await Follower.start({ baseUrl: server.url, transports: [name] })
    const { manager } = follower
    manager.onMessage(({ payload }) => {
      if (payload !== 0) return
      manager.subscribe(['t'])
      void manager.send({ type: 'b', payload: 'answer', topics: ['t'] })
    })
    await publishAll()
    await follower.until('the answer', () => follower.payloads.includes('answer'))
    expect(follower.payloads.filter((payload) => payload !== 'answer')).toEqual(NUMBERS)
  })
})

it('tells the others of a message where one handler throws, and reports the fault', async () => {
  const host = await startHostProcess(`
    import { ConnectionManager } from './dist/client/connection/index.js'
    process.on('uncaughtException', (error) => console.log('fault: ' + error.message))
    const manager = new ConnectionManager({ baseUrl: '${server.url}' })
    manager.onMessage(({ payload }) => { throw new Error('thrown at ' + payload) })
    manager.onMessage(({ payload }) => console.log('heard ' + payload))
    manager.on('status', ({ isConnected }) => {
      if (isConnected) console.log('running at ${server.url}')
      throw new Error('thrown at status')
    })
    manager.connect()
  `)
  try {
    await publishAll()
    await waitFor('all', () => host.output().includes(`heard ${COUNT - 1}`))
    await waitFor('the fault', () => host.output().includes(`fault: thrown at ${COUNT - 1}`))
    const heard = [...host.output().matchAll(/^heard (\d+)$/gm)].map(([, n]) => Number(n))
    expect(heard).toEqual(NUMBERS)
    expect(host.output()).toContain('fault: thrown at status')
    expect(host.child.exitCode).toBeNull()
  } finally {
    await host.kill()
  }
})
