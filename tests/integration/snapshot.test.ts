// A lone server with SNAPSHOT_FILE, as people run it: real processes on one port and one file, one
// after the other. A graceful restart is seen by nobody; a crash is told to everybody.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createSyncServer } from '../../server/createSyncServer.js'
import { Api } from '../support/Api.js'
import { Follower, requireNoGap, TRANSPORTS } from '../support/Follower.js'
import { freePort } from '../support/freePort.js'
import { closeOpenClients } from '../support/openClients.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { type ServerProcess, spawnServer, startServerProcess } from '../support/serverProcess.js'
import { waitFor } from '../support/waitFor.js'

const TOKEN = 'dev:ann'

let folder: string
let file: string
let port: number
let server: ServerProcess
let api: Api

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'syncline-restart-'))
  file = join(folder, 'data', 'log')
  port = await freePort()
})
afterEach(async () => {
  await closeOpenClients()
  await server?.kill()
  rmSync(folder, { recursive: true, force: true })
})

const settings = (env: Record<string, string> = {}) => ({
  PORT: String(port),
  SNAPSHOT_FILE: file,
  RECONNECT_SPREAD_MS: '0',
  ...env,
})

async function start(env: Record<string, string> = {}): Promise<void> {
  server = await startServerProcess(settings(env))
  api = new Api(server.url, TOKEN)
}

async function stop(): Promise<void> {
  server.child.kill('SIGTERM')
  expect(await server.exited).toBe(0)
}

async function restart(env: Record<string, string> = {}): Promise<void> {
  await stop()
  await start(env)
}

async function crash(): Promise<void> {
  await server.kill()
}

async function publish(...numbers: number[]): Promise<string> {
  const messages = numbers.map((n) => ({ type: 'test', payload: { n } }))
  const { status, body } = await api.send({ messages })
  expect(status).toBe(201)
  return body.cursor
}

const numbersIn = (messages: readonly { payload: { n: number } }[]): number[] =>
  messages.map(({ payload }) => payload.n)

/** The lines that the running server logged of this. */
const said = (text: string): string[] =>
  server
    .output()
    .split('\n')
    .filter((line) => line.includes(text))

/** What a reader on each transport gets from a cursor on: `count` messages, and whether it is told of a loss. */
type Read = (since: string, count: number) => Promise<{ resync: boolean; numbers: number[] }>

const READ: Record<string, Read> = {
  async 'a plain poll'(since) {
    const { body } = await api.poll({ since })
    return { resync: body.resync, numbers: numbersIn(body.messages) }
  },
  async 'a held poll'(since) {
    const { body } = await api.poll({ since, wait: 20 })
    return { resync: body.resync, numbers: numbersIn(body.messages) }
  },
  async 'a stream'(since, count) {
    const headers = { 'Last-Event-ID': since }
    const stream = await StreamClient.open(server.url, { token: TOKEN, headers })
    const { resync } = (await stream.next('connected')).data
    await waitFor('messages', () => stream.messages.length >= count)
    return { resync, numbers: numbersIn(stream.messages) }
  },
  async 'a WebSocket'(since, count) {
    const socket = await SocketClient.connect(server.url, { token: TOKEN, since })
    await waitFor('messages', () => socket.messages.length >= count)
    const messages = socket.messages as unknown as { payload: { n: number } }[]
    return { resync: socket.connected.resync, numbers: numbersIn(messages) }
  },
}

describe('a graceful restart', () => {
  it('leaves every cursor what it was, on every transport', async () => {
    await start()
    const cursors = [await publish(1), await publish(2), await publish(3)]
    await restart()
    expect(existsSync(file)).toBe(false)
    for (const [name, read] of Object.entries(READ)) {
      expect([name, await read(cursors[0]!, 2)]).toEqual([name, { resync: false, numbers: [2, 3] }])
    }
    const atHead = cursors[2]!
    expect((await api.poll({ since: atHead })).body).toMatchObject({
      count: 0,
      resync: false,
      cursor: atHead,
    })
    const held = READ['a held poll']!(atHead, 1)
    await publish(4)
    expect(await held).toEqual({ resync: false, numbers: [4] })
  })

  it('still tells of what was lost before, and of that alone', async () => {
    const bounds = { MAX_MESSAGES_PER_AUDIENCE: '2' }
    await start(bounds)
    const cursor = await publish(1)
    const { body: quiet } = await new Api(server.url, 'dev:bob').poll()
    await publish(2, 3, 4)
    await restart(bounds)
    const lost = { resync: true, reason: 'evicted', count: 2 }
    expect((await api.poll({ since: cursor })).body).toMatchObject(lost)
    const bob = await new Api(server.url, 'dev:bob').poll({ since: quiet.cursor })
    expect(bob.body).toMatchObject({ resync: false, count: 0 })
  })

  it('keeps a forced resync, and the keys that were used', async () => {
    await start()
    const key = { 'Idempotency-Key': 'order-7' }
    const first = await api.send({ type: 'test', payload: { n: 1 } }, key)
    await api.force()
    await restart()
    const again = await api.send({ type: 'test', payload: { n: 1 } }, key)
    const { messageId, cursor } = first.body
    expect(again).toMatchObject({ status: 200, body: { messageId, cursor, duplicate: true } })
    expect((await api.send({ type: 'other' }, key)).status).toBe(422)
    const { body } = await api.poll({ since: cursor })
    expect(body).toMatchObject({ resync: true, reason: 'forced', count: 0 })
  })

  it('lets what has expired meanwhile be expired', async () => {
    const bounds = { MESSAGE_TTL_MS: '1500' }
    await start(bounds)
    const before = (await api.poll()).body.cursor
    const publishedAt = Date.now()
    await publish(1)
    await stop()
    await waitFor('it to be over', () => Date.now() > publishedAt + 1500)
    await start(bounds)
    const { body } = await api.poll({ since: before })
    expect(body).toMatchObject({ count: 0, resync: true, reason: 'expired' })
    expect((await api.poll({ since: '0' })).body).toMatchObject({ count: 0 })
  })

  it('is seen by no client: each goes on, with no resync and nothing twice', async () => {
    await start()
    const followers: Follower[] = []
    for (const transport of TRANSPORTS) {
      followers.push(
        await Follower.start({ baseUrl: server.url, token: TOKEN, transports: [transport] }),
      )
    }
    const numbers: number[] = []
    const publishNext = async () => {
      numbers.push(numbers.length)
      await api.send({ type: 'numbered', payload: { n: numbers.length - 1 } })
    }
    for (let round = 0; round < 2; round += 1) {
      for (let count = 0; count < 5; count += 1) await publishNext()
      await restart()
      // Before they are back.
      await publishNext()
    }
    const sent = followers[0]!.manager.send({ type: 'numbered', payload: { n: numbers.length } })
    await sent
    for (const follower of followers) {
      const { length } = numbers
      await follower.until('all', () => follower.numbers().at(-1) === length, 60_000)
      requireNoGap(follower.numbers())
      expect(follower.numbers()).toHaveLength(length + 1)
      expect(follower.resyncs).toEqual([])
    }
  })
})

describe('a crash', () => {
  it('begins a new log, as without a file', async () => {
    await start()
    await publish(1)
    await restart()
    const cursor = await publish(2)
    await crash()
    await start()
    expect((await api.poll({ since: cursor })).body).toMatchObject({
      resync: true,
      reason: 'epoch',
      count: 0,
    })
    expect(said('"level":50')).toEqual([])
    // From there on it is as before.
    const after = await publish(3)
    await restart()
    expect((await api.poll({ since: after })).body).toMatchObject({ resync: false })
  })

  it('while the log is written leaves no half of one', async () => {
    await start()
    await publish(1)
    writeFileSync(`${file}.part`, 'syncline snapshot 1\nh{"epo')
    await crash()
    await start()
    expect((await api.poll()).body.count).toBe(0)
    await publish(2)
    await restart()
    expect(numbersIn((await api.poll()).body.messages)).toEqual([2])
    expect(existsSync(`${file}.part`)).toBe(false)
  })
})

describe('a file that is not as it was left', () => {
  let kept: Buffer
  let cursor: string

  it.each<[string, (kept: Buffer) => Buffer]>([
    ['with a byte changed', (kept) => kept.with(Math.floor(kept.length / 2), 0) as Buffer],
    ['cut off', (kept) => kept.subarray(0, -20)],
    ['with more behind it', (kept) => Buffer.concat([kept, Buffer.from('x')])],
    ['of somebody else', () => Buffer.from('{"name":"other"}')],
    ['from the future', (kept) => Buffer.from(String(kept).replace('snapshot 1', 'snapshot 2'))],
  ])('%s is set aside in one line, and a new log begins', async (_what, damage) => {
    if (kept === undefined) {
      await start()
      cursor = await publish(1)
      await stop()
      kept = readFileSync(file)
    }
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, damage(kept))
    await start()
    const [line = '', ...others] = said('can not be used')
    expect(others).toEqual([])
    expect(readFileSync(JSON.parse(line).aside)).toEqual(damage(kept))
    expect((await api.poll({ since: cursor })).body).toMatchObject({ reason: 'epoch', count: 0 })
    await publish(2)
    await stop()
    expect(readdirSync(dirname(file))).toHaveLength(3)
  })
})

describe('where the log can not be kept', () => {
  async function refusal(env: Record<string, string>): Promise<string> {
    const started = spawnServer(settings(env))
    expect(await started.exited).toBe(1)
    expect(started.output()).toMatch(/^Syncline can't start:\n.+\n$/)
    return started.output()
  }

  it('a start says so at once', async () => {
    writeFileSync(join(folder, 'x'), '')
    mkdirSync(join(folder, 'y'))
    expect(await refusal({ SNAPSHOT_FILE: join(folder, 'x', 'log') })).toContain(
      'SNAPSHOT_FILE needs a folder',
    )
    expect(await refusal({ SNAPSHOT_FILE: join(folder, 'y') })).toContain('is not a file')
    // Where not even root can write.
    expect(await refusal({ SNAPSHOT_FILE: '/proc/self/log' })).toContain(
      'SNAPSHOT_FILE needs a folder',
    )
    expect(await refusal({ REDIS_URL: 'redis://127.0.0.1:1' })).toContain(
      'SNAPSHOT_FILE and REDIS_URL',
    )
  })

  it('so it is with a broker of the own', async () => {
    const broker = { async start() {}, append: async () => [], async close() {} }
    await expect(createSyncServer({ snapshotFile: file, broker })).rejects.toThrow(
      'SNAPSHOT_FILE and `broker`',
    )
  })

  it('an end says so, and is one', async () => {
    await start()
    await publish(1)
    rmSync(join(folder, 'data'), { recursive: true })
    await stop()
    expect(said('could not be kept')).toHaveLength(1)
  })
})

describe('a second server', () => {
  it('finds the log as it was where what the first works with would not start', async () => {
    await start()
    const cursor = await publish(1)
    await stop()
    const convex = {
      start() {
        throw new Error('not today')
      },
      status: () => ({}),
      async stop() {},
    }
    await expect(
      createSyncServer({ snapshotFile: file, convex, logLevel: 'silent' }),
    ).rejects.toThrow('not today')
    await start()
    expect((await api.poll({ since: cursor })).body).toMatchObject({ resync: false })
  })

  it('that finds the port taken by another program leaves the file as it was', async () => {
    await start()
    const cursor = await publish(1)
    await stop()
    const other = createServer().listen(port, '127.0.0.1')
    const second = spawnServer(settings())
    expect(await second.exited).toBe(1)
    other.close()
    await start()
    expect((await api.poll({ since: cursor })).body).toMatchObject({ resync: false })
  })

  it('that is started by mistake takes nothing from the first', async () => {
    await start()
    const cursor = await publish(1)
    const second = spawnServer(settings())
    expect(await second.exited).toBe(1)
    expect(second.output()).toContain('another server')
    await publish(2)
    await restart()
    const { body } = await api.poll({ since: cursor })
    expect([body.resync, numbersIn(body.messages)]).toEqual([false, [2]])
  })
})
