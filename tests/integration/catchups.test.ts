// Catch-ups of a reader that doesn't read: `subscribe … since` again and again, each of which
// would be a history to send.

import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { SyncServerOptions } from '../../server/createSyncServer.js'
import { Api } from '../support/Api.js'
import { jsonFrame, RawSocket } from '../support/RawSocket.js'
import { startServerProcess } from '../support/serverProcess.js'
import { startTestServer, type TestServer } from '../support/testServer.js'
import { waitFor } from '../support/waitFor.js'

const MAX_CATCHUPS = 16
const PAYLOAD = 'x'.repeat(50_000)

const subscribeFrame = (topic: string, ref: number, since = '0') =>
  jsonFrame({ op: 'subscribe', topics: [topic], since, ref })

describe('a reader that does not take its catch-ups', () => {
  let server: TestServer
  afterEach(() => server.close())

  async function start(options: SyncServerOptions = {}): Promise<void> {
    server = await startTestServer(options)
  }

  /** The ids. 50 KB each. */
  async function fill(count: number): Promise<string[]> {
    const ids: string[] = []
    while (ids.length < count) {
      const draft = { type: 'test', topics: ['history'], payload: PAYLOAD }
      ids.push((await server.server.publish(draft)).messageId)
    }
    return ids
  }

  const delivered = () => (server.server.stats() as { delivered: number }).delivered

  const answers = (raw: RawSocket) => raw.said.filter(({ op }) => op === 'ok' || op === 'error')

  it('is refused more than sixteen at a time, in words, and gets all of what was taken', async () => {
    await start()
    const ids = await fill(200)
    const raw = await RawSocket.connected(server.url, { token: 'dev:ann' })
    raw.freeze()
    const refs = Array.from({ length: 40 }, (_, ref) => ref)
    const topicOf = (ref: number) => (ref === 0 ? 'history' : `empty${ref}`)
    raw.write(Buffer.concat(refs.map((ref) => subscribeFrame(topicOf(ref), ref))))
    await waitFor('the first to be under way', () => delivered() > 0)
    raw.socket.resume()
    await waitFor('an answer to each', () => answers(raw).length === refs.length, 20_000)

    const taken = refs.slice(0, MAX_CATCHUPS)
    const told = answers(raw)
    expect(told.filter(({ op }) => op === 'ok').map(({ ref }) => ref)).toEqual(taken)
    const refused = told.filter(({ op }) => op === 'error')
    expect(refused.map(({ ref }) => ref)).toEqual(refs.slice(MAX_CATCHUPS))
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['unavailable']))
    const messages = raw.said.filter(({ op }) => op === 'message')
    expect(messages.map(({ message }) => (message as { id: string }).id)).toEqual(ids)

    // There is room again, also for a topic that was refused.
    raw.write(subscribeFrame(topicOf(39), 100))
    await waitFor('its answer', () => answers(raw).length === refs.length + 1)
    expect(answers(raw).at(-1)).toMatchObject({ op: 'ok', ref: 100, resync: false })
    await raw.close()
  })

  it('is told in "ok" of what was evicted between two pages since 0', async () => {
    await start({ maxMessagesPerAudience: 300 })
    const before = await fill(300)
    const raw = await RawSocket.connected(server.url, { token: 'dev:ann' })
    raw.freeze()
    raw.write(subscribeFrame('history', 1))
    await waitFor('it to be under way', () => delivered() > 0)
    const after = await fill(300)
    raw.socket.resume()
    const last = after.at(-1)!
    await waitFor('the last message', () => raw.text.includes(`{"id":"${last}"`), 20_000)
    expect(answers(raw)).toMatchObject([{ op: 'ok', ref: 1, resync: true, reason: 'evicted' }])
    const messages = raw.said.filter(({ op }) => op === 'message')
    const got = messages.map(({ message }) => (message as { id: string }).id)
    const caughtUp = messages.filter(({ catchup }) => catchup).length
    expect(caughtUp).toBeGreaterThan(0)
    expect(caughtUp).toBeLessThan(before.length)
    expect(got).toEqual([...before.slice(0, caughtUp), ...after])
    expect(raw.said.filter(({ op }) => op === 'resync')).toEqual([])
    await raw.close()
  })
})

it('costs no memory, however often it subscribes', async () => {
  const SOCKETS = 20
  const MAX_GROWTH_MIB = 96
  const server = await startServerProcess({ LOG_LEVEL: 'warn' })
  try {
    const admin = new Api(server.url)
    for (let sent = 0; sent < 200; sent += 1) {
      await admin.send({ type: 'test', topics: ['history'], payload: PAYLOAD })
    }
    // One that reads, so that what a busy heap holds is part of the baseline.
    const reader = await RawSocket.connected(server.url, { token: 'dev:ann' })
    reader.write(subscribeFrame('history', 1))
    await waitFor('the history', () => reader.text.includes('"op":"ok"'), 20_000)
    await reader.close()
    const residentMib = () => {
      const status = readFileSync(`/proc/${server.child.pid}/status`, 'utf8')
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024
    }
    const baselineMib = residentMib()

    const sockets = await Promise.all(
      Array.from({ length: SOCKETS }, (_, index) =>
        RawSocket.connected(server.url, { token: `dev:u${index}` }),
      ),
    )
    for (const socket of sockets) socket.freeze()
    let peakMib = 0
    for (let round = 0; round < 20; round += 1) {
      const again = Array.from({ length: 50 }, (_, ref) => [
        jsonFrame({ op: 'unsubscribe', topics: ['history'] }),
        subscribeFrame('history', ref),
      ])
      for (const socket of sockets) socket.write(Buffer.concat(again.flat()))
      expect((await admin.poll({ since: 'now' })).status).toBe(200)
      peakMib = Math.max(peakMib, residentMib())
    }
    expect(peakMib - baselineMib).toBeLessThan(MAX_GROWTH_MIB)
    for (const socket of sockets) socket.reset()
    await waitFor('all to be let go', async () => {
      return (await admin.status()).body.connections.total === 0
    })
    expect(server.output()).not.toContain('fault')
  } finally {
    await server.kill()
  }
})
