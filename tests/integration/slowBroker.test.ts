// What is published waits for its answer here, as it does with a broker across a network: order,
// counts and bounds must not lean on an answer that comes in the same turn.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { jsonFrame, RawSocket } from '../support/RawSocket.js'
import { SlowBroker } from '../support/SlowBroker.js'
import { SocketClient } from '../support/SocketClient.js'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { waitFor } from '../support/waitFor.js'

const MAX_OUTSTANDING = 4096

let broker: SlowBroker
let server: TestServer

beforeEach(async () => {
  broker = new SlowBroker()
  server = await startTestServer({ broker, maxMessagesPerAudience: 100_000 })
})

afterEach(() => server.close())

const connections = () =>
  (server.server.stats() as { connections: { longPoll: number } }).connections

async function payloadsOf(api: Api): Promise<unknown[]> {
  const payloads: unknown[] = []
  for (let since = '0'; ; ) {
    const { body } = await api.poll({ since, limit: 1000 })
    payloads.push(...body.messages.map(({ payload }: { payload: unknown }) => payload))
    since = body.cursor
    if (!body.hasMore) return payloads
  }
}

describe('sends over a socket', () => {
  it('keep their order and are answered each, in whatever order the answers come', async () => {
    const socket = await SocketClient.connect(server.url, { token: 'dev:ann' })
    const refs = Array.from({ length: 200 }, (_, index) => index)
    for (const ref of refs) socket.send({ op: 'send', message: { type: 'a', payload: ref }, ref })
    const answers = () => socket.frames.all.filter(({ op }) => op === 'ok')
    await waitFor('all answers', () => {
      broker.answerHeld()
      return answers().length === refs.length
    })
    expect(answers().map(({ ref }) => ref)).not.toEqual(refs)
    const inOrder = answers().toSorted((a, b) => a.ref - b.ref)
    expect(inOrder.map(({ ref }) => ref)).toEqual(refs)
    await waitFor('all messages', () => socket.messages.length === refs.length)
    expect(socket.messages.map(({ payload }) => payload)).toEqual(refs)
    expect(socket.messages.map(({ id }) => id)).toEqual(inOrder.map(({ messageId }) => messageId))
    await socket.close()
  })

  it('that are refused are answered too, each with its own error', async () => {
    const socket = await SocketClient.connect(server.url, { token: 'dev:ann' })
    const send = (message: object) => socket.ask({ op: 'send', message })
    const answers = [
      send({ type: 'a', idempotencyKey: 'k' }),
      send({ type: 'b', idempotencyKey: 'k' }),
      send({ type: 'a', idempotencyKey: 'k' }),
      send({ type: 'a', userId: 'ben' }),
      send({ type: 'a', topics: ['*'] }),
    ]
    await waitFor('three to wait', () => broker.outstanding === 3)
    broker.letGo()
    expect(await Promise.all(answers)).toMatchObject([
      { op: 'ok', duplicate: false },
      { op: 'error', code: 'idempotency_conflict' },
      { op: 'ok', duplicate: true },
      { op: 'error', code: 'forbidden' },
      { op: 'error', code: 'invalid_message' },
    ])
    await socket.close()
  })

  it('that flood in are bounded: none is lost silently, and the socket is as good after', async () => {
    const FLOOD = 10_000
    const raw = await RawSocket.connected(server.url, { token: 'dev:ann' })
    const flood = Array.from({ length: FLOOD }, (_, ref) =>
      jsonFrame({ op: 'send', message: { type: 'a', payload: ref }, ref }),
    )
    raw.write(Buffer.concat(flood))
    await waitFor('the flood to arrive', () => broker.outstanding >= 64)
    // Others are served meanwhile, and the flood behind is not taken in.
    const ben = new Api(server.url, 'dev:ben')
    for (let round = 0; round < 20; round += 1) expect((await ben.poll()).status).toBe(200)
    expect(broker.outstanding).toBeLessThanOrEqual(MAX_OUTSTANDING)
    broker.letGo()

    raw.write(jsonFrame({ op: 'ping', ref: 'last' }))
    await waitFor('the last to be read', () => raw.text.includes('"ref":"last"'), 20_000)
    const answered = () => raw.said.filter(({ ref }) => typeof ref === 'number')
    // The broker may still be at the last of them.
    await waitFor('an answer to each', () => answered().length >= FLOOD)
    expect(broker.mostOutstanding).toBeLessThanOrEqual(MAX_OUTSTANDING)
    const answers = answered()
    expect(new Set(answers.map(({ ref }) => ref)).size).toBe(FLOOD)
    expect(answers.length).toBe(FLOOD)
    const errors = answers.filter(({ op }) => op === 'error')
    expect(errors.filter(({ code }) => code !== 'unavailable')).toEqual([])
    // What was told to be in the log is there, in order; what was refused is not.
    const taken = answers.filter(({ op }) => op === 'ok').map(({ ref }) => Number(ref))
    expect(await payloadsOf(new Api(server.url, 'dev:ann'))).toEqual(
      taken.toSorted((a, b) => a - b),
    )
    await raw.close()
  })

  it('whose socket is gone before their answer are in the log all the same, and harm nobody', async () => {
    const socket = await SocketClient.connect(server.url, { token: 'dev:ann' })
    for (const ref of [1, 2, 3])
      socket.send({ op: 'send', message: { type: 'a', payload: ref }, ref })
    await waitFor('three to wait', () => broker.outstanding === 3)
    await socket.close()
    broker.letGo()
    expect(await payloadsOf(new Api(server.url, 'dev:ann'))).toEqual([1, 2, 3])
  })
})

describe('recipients of a broadcast', () => {
  /** Held polls of these users, there before anything is published. */
  async function hold(users: readonly string[]) {
    const polls = users.map((user) =>
      new Api(server.url, `dev:${user}`).poll({ since: 'now', wait: 20 }),
    )
    await waitFor('them to be held', () => connections().longPoll === users.length)
    return polls
  }

  it('counts a held poll that the broadcast has woken and that is gone by its answer', async () => {
    const polls = await hold(['ann', 'ben'])
    const broadcast = new Api(server.url).broadcast({ type: 'a' })
    for (const poll of polls) expect((await poll).body.count).toBe(1)
    await waitFor('them to be gone', () => connections().longPoll === 0)
    broker.letGo()
    expect(await broadcast).toMatchObject({ status: 201, body: { recipients: 2 } })
  })

  it('counts held polls and connections of more than 500 users, woken in several turns', async () => {
    const userIds = Array.from({ length: 900 }, (_, index) => `u${index}`)
    const socket = await SocketClient.connect(server.url, { token: 'dev:u898' })
    const polls = await hold(['u0', 'u1', 'u499', 'u500', 'u501', 'u899', 'u899'])
    const broadcast = new Api(server.url).broadcast({ type: 'a', userIds })
    for (const poll of polls) expect((await poll).body.count).toBe(1)
    await socket.next('message')
    broker.letGo()
    const { status, body } = await broadcast
    expect(status).toBe(201)
    expect(body.recipients).toBe(8)
    expect(body.messageIds).toHaveLength(900)
    await socket.close()
  })

  it('is 0 for a repeat that waits for its answer', async () => {
    const headers = { 'Idempotency-Key': 'k' }
    const socket = await SocketClient.connect(server.url, { token: 'dev:ann' })
    const api = new Api(server.url)
    const broadcasts = [
      api.broadcast({ type: 'a' }, headers),
      api.broadcast({ type: 'a' }, headers),
    ]
    await waitFor('both to wait', () => broker.outstanding === 2)
    broker.letGo()
    const answers = await Promise.all(broadcasts)
    const told = answers.map(({ body: { duplicate, recipients } }) => ({ duplicate, recipients }))
    expect(told.toSorted((a, b) => a.recipients - b.recipients)).toEqual([
      { duplicate: true, recipients: 0 },
      { duplicate: false, recipients: 1 },
    ])
    await socket.close()
  })
})
