// A restart in memory mode: the log is gone, and with it what its cursors meant. Whether they lie
// below the new head or above it, every reader is told so at once and then carries on.

import { afterEach, describe, expect, it } from '@jest/globals'
import { Api } from '../support/Api.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { startTestServer, type TestServer } from '../support/testServer.js'

const OLD_MS = 1_763_650_000_000
const TOKEN = 'dev:ann'

let server: TestServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

/** A server whose log begins at `wallMs`. It is the only one at that time, like a restarted one. */
async function start(wallMs: number): Promise<string> {
  await server?.close()
  server = await startTestServer({ wallNow: () => wallMs })
  return server.url
}

async function publish(url: string, n: number): Promise<void> {
  const sent = await new Api(url, TOKEN).send({ type: 'test', payload: { n } })
  expect(sent.status).toBe(201)
}

const numbersIn = (messages: readonly { payload: { n: number } }[]): number[] =>
  messages.map(({ payload }) => payload.n)

interface Reader {
  /** What the first answer says of the cursor. */
  readonly told: { readonly resync: boolean; readonly reason?: string }
  /** The next messages, as many as asked for. */
  next(count: number): Promise<number[]>
  close(): void
}

type Open = (url: string, since: string) => Promise<Reader>

const pollWith =
  (wait: number): Open =>
  async (url, since) => {
    const api = new Api(url, TOKEN)
    const startedAt = performance.now()
    const { body } = await api.poll({ since, wait })
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    const got = numbersIn(body.messages)
    let { cursor } = body
    return {
      told: { resync: body.resync, reason: body.reason },
      async next(count) {
        while (got.length < count) {
          const page = (await api.poll({ since: cursor, wait })).body
          expect(page.resync).toBe(false)
          got.push(...numbersIn(page.messages))
          cursor = page.cursor
        }
        return got.splice(0, count)
      },
      close() {},
    }
  }

const openSocket: Open = async (url, since) => {
  const client = await SocketClient.connect(url, { token: TOKEN, since })
  const { resync, reason } = client.connected
  return {
    told: { resync, reason },
    async next(count) {
      const got: number[] = []
      while (got.length < count) got.push((await client.next('message')).message.payload.n)
      expect(client.frames.all.filter(({ op }) => op === 'resync')).toEqual([])
      return got
    },
    close: () => client.socket.terminate(),
  }
}

const openStream: Open = async (url, since) => {
  const client = await StreamClient.open(url, { token: TOKEN, headers: { 'Last-Event-ID': since } })
  const { resync, reason } = (await client.next('connected')).data
  return {
    told: { resync, reason },
    async next(count) {
      const got: number[] = []
      while (got.length < count) got.push((await client.next('message')).data.payload.n)
      expect(client.events.all.filter(({ event }) => event === 'resync')).toEqual([])
      return got
    },
    close: () => client.close(),
  }
}

const OPEN: Record<string, Open> = {
  WebSocket: openSocket,
  'a stream': openStream,
  'a held poll': pollWith(20),
  'a plain poll': pollWith(0),
}

describe.each([
  ['below the new head', OLD_MS + 60_000],
  ['above the new head', OLD_MS - 60_000],
])('a cursor of a log that is gone, %s', (_, newMs) => {
  it.each(Object.keys(OPEN))('is told "epoch" on %s, which then carries on', async (name) => {
    const oldUrl = await start(OLD_MS)
    await publish(oldUrl, 0)
    const { cursor } = (await new Api(oldUrl, TOKEN).poll()).body

    const url = await start(newMs)
    await publish(url, 1)
    await publish(url, 2)
    const reader = await OPEN[name]!(url, cursor)
    expect(reader.told).toEqual({ resync: true, reason: 'epoch' })
    expect(await reader.next(2)).toEqual([1, 2])
    await publish(url, 3)
    expect(await reader.next(1)).toEqual([3])
    reader.close()
  })

  it.each(Object.keys(OPEN))('is told so on %s also where nothing is there yet', async (name) => {
    const oldUrl = await start(OLD_MS)
    await publish(oldUrl, 0)
    const { cursor } = (await new Api(oldUrl, TOKEN).poll()).body

    const url = await start(newMs)
    const reader = await OPEN[name]!(url, cursor)
    expect(reader.told).toEqual({ resync: true, reason: 'epoch' })
    await publish(url, 1)
    expect(await reader.next(1)).toEqual([1])
    reader.close()
  })
})

it('the cursor that a reader gets after a restart is like any other', async () => {
  const oldUrl = await start(OLD_MS)
  await publish(oldUrl, 0)
  const { cursor } = (await new Api(oldUrl, TOKEN).poll()).body
  const url = await start(OLD_MS + 1)
  const api = new Api(url, TOKEN)
  const first = (await api.poll({ since: cursor })).body
  expect(first).toMatchObject({ resync: true, reason: 'epoch', count: 0 })
  await publish(url, 1)
  const second = (await api.poll({ since: first.cursor })).body
  expect(second).toMatchObject({ resync: false, count: 1 })
  for (const open of Object.values(OPEN)) {
    const reader = await open(url, first.cursor)
    expect(reader.told).toMatchObject({ resync: false })
    expect(await reader.next(1)).toEqual([1])
    reader.close()
  }
})
