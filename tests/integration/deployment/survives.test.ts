// The table of docs/deployment.md that says what a 2xx survives: the rows that can be tried on one
// machine, with real nodes and a real Redis. They wait more than they work, so they run together.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { expect, it } from '@jest/globals'
import { Api } from '../../support/Api.js'
import { RedisServer } from '../../support/RedisServer.js'
import { SocketClient } from '../../support/SocketClient.js'
import { type ServerProcess, startServerProcess } from '../../support/serverProcess.js'
import { waitFor } from '../../support/waitFor.js'

type AppendOnly = 'no' | 'everysec' | 'always'

const TOKEN = 'dev:ann'
const WITHIN_MS = 25_000

/** One try, with all that it started. */
class Scene {
  readonly #toStop: (() => unknown)[] = []

  static async play(act: (scene: Scene) => Promise<void>): Promise<void> {
    const scene = new Scene()
    try {
      await act(scene)
    } finally {
      for (const stop of scene.#toStop.reverse()) await stop()
    }
  }

  atEnd(stop: () => unknown): void {
    this.#toStop.push(stop)
  }

  async startRedis(appendOnly: AppendOnly): Promise<RedisServer> {
    const redis = await RedisServer.start({ appendOnly })
    this.atEnd(() => redis.stop())
    return redis
  }

  async startNode(redisUrl: string): Promise<ServerProcess> {
    const node = await startServerProcess({ REDIS_URL: redisUrl, LOG_LEVEL: 'warn' })
    this.atEnd(() => node.kill())
    const isReady = async () => (await fetch(`${node.url}/readyz`)).ok
    await waitFor('it to be ready', isReady, WITHIN_MS)
    return node
  }

  /** What a client is told from here on: ids of messages, and resyncs by their reasons. */
  async follow(url: string): Promise<() => string[]> {
    const socket = await SocketClient.connect(url, { token: TOKEN })
    this.atEnd(() => socket.close())
    return () =>
      socket.frames.all.flatMap(({ op, message, reason }) =>
        op === 'message' ? [message.id] : op === 'resync' ? [reason] : [],
      )
  }
}

/** Until it is acknowledged. */
async function publish(url: string): Promise<string> {
  const sent = async () => {
    const { status, body } = await new Api(url, TOKEN).send({ type: 'a' })
    return status === 201 ? (body.messageId as string) : undefined
  }
  return waitFor('a publish to succeed', sent, WITHIN_MS)
}

async function read(url: string, since?: string) {
  const { body } = await new Api(url, TOKEN).poll(since === undefined ? {} : { since })
  const ids = body.messages.map(({ id }: { id: string }) => id) as string[]
  return { ids, reason: body.reason, cursor: body.cursor as string }
}

it.concurrent('a node is killed: nothing is lost, and nobody is told to resync', () =>
  Scene.play(async (scene) => {
    const redis = await scene.startRedis('no')
    const dying = await scene.startNode(redis.url)
    const other = await scene.startNode(redis.url)
    const { cursor } = await read(dying.url)
    const told = await scene.follow(other.url)
    const id = await publish(dying.url)
    await dying.kill()
    const after = await publish(other.url)
    await waitFor('both', () => told().includes(after))
    expect(told()).toEqual([id, after])
    expect(await read(other.url, cursor)).toMatchObject({ ids: [id, after], reason: undefined })
  }))

it.concurrent('all nodes are killed, and Redis goes on: the same', () =>
  Scene.play(async (scene) => {
    const redis = await scene.startRedis('no')
    const dying = await scene.startNode(redis.url)
    const { cursor } = await read(dying.url)
    const id = await publish(dying.url)
    await dying.kill()
    const later = await scene.startNode(redis.url)
    expect(await read(later.url, cursor)).toMatchObject({ ids: [id], reason: undefined })
  }))

it.concurrent.each<[AppendOnly, string]>([
  ['no', 'the log is lost, and all are told'],
  ['everysec', 'nothing is lost'],
  ['always', 'nothing is lost'],
])('Redis is killed, AOF %s: %s', (appendOnly, outcome) =>
  Scene.play(async (scene) => {
    const isKept = outcome === 'nothing is lost'
    const redis = await scene.startRedis(appendOnly)
    const node = await scene.startNode(redis.url)
    const told = await scene.follow(node.url)
    const id = await publish(node.url)
    await waitFor('it', () => told().includes(id))
    // While its disk is slow, Redis holds back what it has yet to write.
    const isWritten = async () => (await redis.info('aof_buffer_length')) === '0'
    if (appendOnly === 'everysec') await waitFor('Redis to write', isWritten, WITHIN_MS)
    await redis.restart({ keepData: true })
    const after = await publish(node.url)
    await waitFor('the second', () => told().includes(after))
    expect(told()).toEqual(isKept ? [id, after] : [id, 'epoch', after])
    const later = await scene.startNode(redis.url)
    expect((await read(later.url)).ids).toEqual(isKept ? [id, after] : [after])
  }),
)

it.concurrent.each<[AppendOnly]>([['no'], ['everysec']])(
  'Redis and all nodes are killed, AOF %s: all are told, and what was kept can be read',
  (appendOnly) =>
    Scene.play(async (scene) => {
      const redis = await scene.startRedis(appendOnly)
      const node = await scene.startNode(redis.url)
      const { cursor } = await read(node.url)
      const id = await publish(node.url)
      await node.kill()
      await redis.restart({ keepData: true })
      const later = await scene.startNode(redis.url)
      expect((await read(later.url, cursor)).reason).toBe('epoch')
      expect((await read(later.url)).ids).toEqual(appendOnly === 'no' ? [] : [id])
    }),
  WITHIN_MS * 2,
)

it.concurrent.each<[string, boolean]>([
  ['that has all: nothing is lost', false],
  ['that lags: what it lacks is lost, and all are told', true],
])('failover to a replica %s', (_outcome, isLagging) =>
  Scene.play(async (scene) => {
    const main = await scene.startRedis('always')
    const replica = await scene.startRedis('always')
    await replica.command('REPLICAOF', '127.0.0.1', main.port)
    const follows = async () => (await replica.info('master_link_status')) === 'up'
    await waitFor('it to follow', follows, WITHIN_MS)
    const address = await startAddress(scene, main.port)
    const node = await scene.startNode(`redis://127.0.0.1:${address.port}`)
    const told = await scene.follow(node.url)
    const first = await publish(node.url)
    await main.command('WAIT', 1, 10_000)
    if (isLagging) await replica.command('REPLICAOF', 'NO', 'ONE')
    const second = await publish(node.url)
    if (!isLagging) await main.command('WAIT', 1, 10_000)
    await waitFor('both', () => told().includes(second))
    await main.kill()
    await replica.command('REPLICAOF', 'NO', 'ONE')
    address.leadTo(replica.port)
    const after = await publish(node.url)
    await waitFor('the third', () => told().includes(after))
    expect(told()).toEqual([first, second, ...(isLagging ? ['epoch'] : []), after])
    expect((await read(node.url)).ids).toEqual([first, ...(isLagging ? [] : [second]), after])
  }),
)

/** An address that stays while what is behind it changes. */
async function startAddress(scene: Scene, port: number) {
  let behind = port
  const server = createServer((socket) => {
    const upstream = connect(behind, '127.0.0.1')
    socket.pipe(upstream).pipe(socket)
    socket.on('error', () => {}).on('close', () => upstream.destroy())
    upstream.on('error', () => {}).on('close', () => socket.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  scene.atEnd(() => server.close())
  return {
    port: (server.address() as AddressInfo).port,
    leadTo(next: number) {
      behind = next
    },
  }
}
