// What the log lets go of: a bound on bytes, a bound per audience and an age. Nothing that has
// left is delivered, and nobody who missed it is left in the belief that he has it.

import { afterEach, describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { startTestServer, type TestServer } from '../support/testServer.js'

const MIB = 1 << 20
const TTL_MS = 1000

let server: TestServer

afterEach(() => server.close())

/** How each transport answers somebody who comes with this cursor, and what it then delivers. */
async function readers(token: string, since: string) {
  const poll = (await new Api(server.url, token).poll({ since })).body
  const socket = await SocketClient.connect(server.url, { token, since })
  const stream = await StreamClient.open(server.url, { token, query: { since } })
  const resumed = await StreamClient.open(server.url, {
    token,
    headers: { 'Last-Event-ID': since },
  })
  const streams = [await stream.next('connected'), await resumed.next('connected')]
  await socket.ask({ op: 'ping' })
  const messages = [poll.messages, socket.messages, stream.messages].flat()
  await socket.close()
  stream.close()
  resumed.close()
  return { told: [poll, socket.connected, ...streams.map(({ data }) => data)], messages }
}

describe('MAX_LOG_BYTES', () => {
  it('lets the oldest go, says "evicted" on every transport, and keeps to the bound', async () => {
    server = await startTestServer({ maxLogBytes: MIB })
    const api = new Api(server.url, 'dev:ann')
    const first = (await api.send({ type: 'first' })).body.cursor
    const second = (await api.send({ type: 'second' })).body.cursor
    const payload = 'x'.repeat(50_000)
    for (let sent = 0; sent < 30; sent += 1) await api.send({ type: 'big', payload })
    const { log } = (await new Api(server.url).status()).body
    expect(log.bytes).toBeLessThanOrEqual(MIB)
    expect(log.messages).toBeLessThan(25)

    for (const cursor of [first, second]) {
      const { told, messages } = await readers('dev:ann', cursor)
      for (const answer of told) expect(answer).toMatchObject({ resync: true, reason: 'evicted' })
      expect(messages.some(({ type }) => type !== 'big')).toBe(false)
    }
    // Another audience has lost nothing.
    const { told } = await readers('dev:ben', first)
    for (const answer of told) expect(answer).toMatchObject({ resync: false })
  })
})

describe('MAX_MESSAGES_PER_AUDIENCE', () => {
  it('lets the oldest of that audience go, and of no other', async () => {
    server = await startTestServer({ maxMessagesPerAudience: 3 })
    const ann = new Api(server.url, 'dev:ann')
    const ben = new Api(server.url, 'dev:ben')
    const since = (await ben.send({ type: 'kept' })).body.cursor
    for (let sent = 0; sent < 5; sent += 1) await ann.send({ type: 'a', payload: sent })
    const poll = (await ann.poll({ since })).body
    expect(poll).toMatchObject({ resync: true, reason: 'evicted', count: 3 })
    expect((await ben.poll({ since: 0 })).body).toMatchObject({ resync: false, count: 1 })
  })
})

describe('MESSAGE_TTL_MS', () => {
  it('is the age beyond which nothing is delivered, swept or not', async () => {
    let now = 0
    server = await startTestServer({ messageTtlMs: TTL_MS, monotonicNow: () => now })
    const api = new Api(server.url, 'dev:ann')
    const before = (await api.poll({ since: 'now' })).body.cursor
    const old = (await api.send({ type: 'old' })).body.cursor
    now = TTL_MS - 1
    const young = (await api.send({ type: 'young' })).body.cursor
    expect((await api.poll({ since: before })).body).toMatchObject({ count: 2, resync: false })

    now = TTL_MS
    const { told, messages } = await readers('dev:ann', before)
    for (const answer of told) expect(answer).toMatchObject({ resync: true, reason: 'expired' })
    expect(new Set(messages.map(({ type }) => type))).toEqual(new Set(['young']))
    const all = (await api.poll({ since: 0 })).body
    expect(all).toMatchObject({ count: 1, resync: false, messages: [{ type: 'young' }] })

    // Who has taken what expired has lost nothing.
    const ahead = await readers('dev:ann', old)
    for (const answer of ahead.told) expect(answer).toMatchObject({ resync: false })

    now = 10 * TTL_MS
    const late = await readers('dev:ann', old)
    for (const answer of late.told)
      expect(answer).toMatchObject({ resync: true, reason: 'expired' })
    expect(late.messages).toEqual([])
    const held = await api.poll({ since: old, wait: 25 })
    expect(held.body).toMatchObject({ resync: true, reason: 'expired', count: 0 })
    const upToDate = await readers('dev:ann', young)
    for (const answer of upToDate.told) expect(answer).toMatchObject({ resync: false })
  })

  it('does not touch what is delivered live', async () => {
    let now = 0
    server = await startTestServer({ messageTtlMs: TTL_MS, monotonicNow: () => now })
    const socket = await SocketClient.connect(server.url, { token: 'dev:ann' })
    for (let round = 0; round < 3; round += 1) {
      now += 10 * TTL_MS
      const sent = await new Api(server.url, 'dev:ann').send({ type: 'a' })
      expect((await socket.next('message')).message.id).toBe(sent.body.messageId)
    }
    expect(socket.frames.all.some(({ op }) => op === 'resync')).toBe(false)
    await socket.close()
  })
})
