// How connections end when nobody wanted it: a token that runs out on an open socket, a server that
// drains, one that is gone in the middle of a held poll. The client is back by itself.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ExpiringGate } from '../../support/ExpiringGate.js'
import { Follower, requireNoGap, TRANSPORTS } from '../../support/Follower.js'
import { NumberedPublisher } from '../../support/NumberedPublisher.js'
import { closeOpenClients } from '../../support/openClients.js'
import { startTestServer, startTestServerAt, type TestServer } from '../../support/testServer.js'
import { waitFor } from '../../support/waitFor.js'

let server: TestServer
beforeEach(async () => {
  server = await startTestServer()
})
afterEach(async () => {
  await closeOpenClients()
  await server.close()
})

describe.each(TRANSPORTS)('over %s', (name) => {
  it('hears all of a draining server, and follows the one that comes after it', async () => {
    const follower = await Follower.start({ baseUrl: server.url, transports: [name] })
    const publisher = new NumberedPublisher(server.server)
    publisher.start()
    await follower.until('some', () => follower.numbers().length > 20)
    await publisher.stop()
    await follower.until('all', () => follower.numbers().length === publisher.count)
    requireNoGap(follower.numbers())
    const port = Number(new URL(server.url).port)
    await server.close()
    await follower.until('the end', () => !follower.snapshot.isConnected)
    server = await startTestServerAt(port)
    await follower.connected(20_000)
    await server.server.publish({ type: 'a', payload: 'after' })
    await follower.until('a message', () => follower.payloads.includes('after'))
    await follower.until('the resync', () => follower.resyncs.length > 0)
    expect(follower.resyncs).toEqual(['epoch'])
    expect(follower.snapshot.status).toBe('connected')
  })
})

it('asks for a fresh token when its socket is closed with 4401, and misses nothing', async () => {
  const gate = await ExpiringGate.start(server.url)
  const publisher = new NumberedPublisher(server.server)
  try {
    let asked = 0
    const getToken = () => {
      asked += 1
      return `dev:ann:role-${asked}`
    }
    const follower = await Follower.start({ baseUrl: gate.url, getToken })
    publisher.start()
    for (const round of [1, 2, 3]) {
      const { length } = follower.numbers()
      // More than a second's: a link that holds for less is held against its transport.
      await follower.until('some', () => follower.numbers().length > length + 60)
      gate.expire(`dev:ann:role-${round}`)
      await follower.until('another question', () => asked === round + 1)
      await follower.connected()
    }
    await publisher.stop()
    await follower.until('the last', () => follower.numbers().at(-1) === publisher.count - 1)
    requireNoGap(follower.numbers())
    expect(follower.resyncs).toEqual([])
    expect(gate.tokens).toEqual([1, 2, 3, 4].map((n) => `dev:ann:role-${n}`))
  } finally {
    await publisher.stop()
    await closeOpenClients()
    await gate.close()
  }
})

it('fails where its socket is closed with 4401 and there is nobody to ask', async () => {
  const gate = await ExpiringGate.start(server.url)
  try {
    const follower = await Follower.start({ baseUrl: gate.url, token: 'dev:ann' })
    gate.expire('dev:ann')
    await follower.until('the failure', () => follower.snapshot.status === 'failed')
    expect(follower.snapshot.error?.code).toBe('unauthorized')
    follower.manager.setAuthToken('dev:ann:fresh')
    await follower.connected()
  } finally {
    await closeOpenClients()
    await gate.close()
  }
})

it('lets polls be held for long again after a server was gone for a moment', async () => {
  const port = Number(new URL(server.url).port)
  const waits: number[] = []
  const follower = await Follower.start({
    baseUrl: server.url,
    transports: ['long-poll'],
    fetch: (url, init) => {
      waits.push(Number(new URL(String(url)).searchParams.get('wait')))
      return fetch(url, init)
    },
  })
  await waitFor('a held poll', () => (waits.at(-1) ?? 0) > 0)
  const before = waits.at(-1)
  await server.close()
  await follower.until('the end', () => !follower.snapshot.isConnected)
  server = await startTestServerAt(port)
  await follower.until('the new server', () => follower.resyncs.length > 0, 20_000)
  await waitFor('a held poll', () => (waits.at(-1) ?? 0) > 0)
  expect(waits.at(-1)).toBe(before)
})
