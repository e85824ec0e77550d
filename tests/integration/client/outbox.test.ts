// Sends over networks that lose the answers: each is applied at most once, answered exactly once
// and in the order of the calls; where nobody can know what became of one, it says so.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { WebSocket } from 'ws'
import type { Sent } from '../../../client/connection/index.js'
import { AnswerThief } from '../../support/AnswerThief.js'
import { Follower } from '../../support/Follower.js'
import { closeOpenClients } from '../../support/openClients.js'
import { person } from '../../support/person.js'
import { startTestServer, startTestServerAt, type TestServer } from '../../support/testServer.js'
import { waitFor } from '../../support/waitFor.js'

let server: TestServer
let thief: AnswerThief
const port = () => Number(new URL(server.url).port)

beforeEach(async () => {
  server = await startTestServer()
  thief = await AnswerThief.start(port())
})
afterEach(async () => {
  await closeOpenClients()
  await thief.close()
  await server.close()
})

async function payloadsInLog(): Promise<unknown[]> {
  const { body } = await person(server.url, 'ann').api.poll({ since: 0, limit: 1000 })
  return body.messages.map(({ payload }: { payload: unknown }) => payload)
}

const reasonOf = (sending: Promise<Sent>): Promise<string> =>
  sending.then(
    () => 'sent',
    (error: { code: string }) => error.code,
  )

const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

const startAnn = (transport: 'websocket' | 'sse' | 'long-poll', options = {}): Promise<Follower> =>
  Follower.start({ baseUrl: thief.url, transports: [transport], token: 'dev:ann', ...options })

describe.each(['websocket', 'sse', 'long-poll'] as const)('over %s', (transport) => {
  it('applies each once, in order, however many answers are lost', async () => {
    const { manager } = await startAnn(transport)
    thief.left = 3
    const sent = await Promise.all(range(20).map((n) => manager.send({ type: 'a', payload: n })))
    expect(thief.stolen).toBe(3)
    expect(await payloadsInLog()).toEqual(range(20))
    expect(new Set(sent.map(({ messageId }) => messageId)).size).toBe(20)
    expect(sent.filter(({ duplicate }) => duplicate).length).toBeGreaterThanOrEqual(1)
  })

  it('rejects with the code of the server', async () => {
    const { manager } = await startAnn(transport)
    const codes = await Promise.all([
      reasonOf(manager.send({ type: 'a', payload: 'x'.repeat(70_000) })),
      reasonOf(manager.send({ type: 'a', userId: 'ben' })),
      reasonOf(manager.send({ type: 'sync.mine' })),
      reasonOf(manager.send({ type: 'a', payload: 'good' })),
    ])
    expect(codes).toEqual(['too_large', 'forbidden', 'invalid_message', 'sent'])
    expect(await payloadsInLog()).toEqual(['good'])
  })

  it('sends what was queued before connect() in its order', async () => {
    const options = { baseUrl: thief.url, transports: [transport], token: 'dev:ann' }
    const { manager } = new Follower(options)
    const sending = range(10).map((n) => manager.send({ type: 'a', payload: n }))
    manager.connect()
    await Promise.all(sending)
    expect(await payloadsInLog()).toEqual(range(10))
  })

  it('says indeterminate for what was tried when it is disconnected', async () => {
    const { manager } = await startAnn(transport)
    thief.left = 1
    const tried = reasonOf(manager.send({ type: 'a', payload: 'tried' }))
    await waitFor('the answer to be stolen', () => thief.stolen === 1)
    thief.isShut = true
    manager.disconnect()
    expect(await tried).toBe('indeterminate')
    expect(await payloadsInLog()).toEqual(['tried'])
  })

  it('says indeterminate where the server began anew before it could repeat', async () => {
    const { manager } = await startAnn(transport)
    thief.left = 1
    const tried = reasonOf(manager.send({ type: 'a', payload: 'tried' }))
    await waitFor('the answer to be stolen', () => thief.stolen === 1)
    thief.isShut = true
    const restartAt = port()
    await server.close()
    server = await startTestServerAt(restartAt)
    thief.isShut = false
    expect(await tried).toBe('indeterminate')
    expect(await payloadsInLog()).toEqual([])
    await manager.send({ type: 'a', payload: 'later' })
    expect(await payloadsInLog()).toEqual(['later'])
  })
})

it('rejects with not_sent what waited when it is disconnected', async () => {
  thief.isShut = true
  const { manager } = new Follower({ baseUrl: thief.url, token: 'dev:ann' })
  manager.connect()
  const waiting = range(3).map((n) => reasonOf(manager.send({ type: 'a', payload: n })))
  await waitFor('a failure', () => manager.getSnapshot().attempt > 0)
  manager.disconnect()
  expect(await Promise.all(waiting)).toEqual(['not_sent', 'not_sent', 'not_sent'])
})

it('rejects with not_sent also what was sent a moment before', async () => {
  thief.isShut = true
  const { manager } = new Follower({ baseUrl: thief.url, token: 'dev:ann' })
  manager.connect()
  const waiting = reasonOf(manager.send({ type: 'a' }))
  manager.disconnect()
  const late = waitFor('an answer', () => undefined, 2000).catch(() => 'none')
  expect(await Promise.race([waiting, late])).toBe('not_sent')
})

it('refuses more than maxOutbox while there is no connection', async () => {
  const { manager } = new Follower({ baseUrl: thief.url, token: 'dev:ann', maxOutbox: 2 })
  const sending = range(3).map((n) => reasonOf(manager.send({ type: 'a', payload: n })))
  expect(await sending[2]).toBe('outbox_full')
  manager.connect()
  expect(await Promise.all(sending)).toEqual(['sent', 'sent', 'outbox_full'])
})

it('sends what stood in the draft when it was called', async () => {
  const { manager } = await startAnn('websocket')
  const payload = { n: 1 }
  const sending = manager.send({ type: 'a', payload })
  payload.n = 2
  await sending
  expect(await payloadsInLog()).toEqual([{ n: 1 }])
})

it('keeps the order while it moves from requests to a WebSocket', async () => {
  const { manager } = await startAnn('sse', { transports: ['websocket', 'sse'], WebSocket: Late })
  expect(manager.getSnapshot().transport).toBe('sse')
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  thief.delay = (chunk) => (chunk.startsWith('POST') ? held : undefined)
  const sending = range(5).map((n) => manager.send({ type: 'a', payload: n }))
  Late.isOpen = true
  await waitFor('WebSocket', () => manager.getSnapshot().transport === 'websocket', 15_000)
  const marker = manager.send({ type: 'a', payload: 'marker' })
  await Promise.race([marker, waitFor('time', () => undefined, 500).catch(() => {})])
  release()
  await Promise.all([...sending, marker])
  expect(await payloadsInLog()).toEqual([...range(5), 'marker'])
})

/** A WebSocket that the network lets through only later. */
class Late extends WebSocket {
  static isOpen = false
  constructor(url: string) {
    super(Late.isOpen ? url : 'ws://127.0.0.1:1')
  }
}
