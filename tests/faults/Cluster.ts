// Nodes as people run them, processes from the build, on one Redis of their own; each on a wire of
// its own where a test asks for it.

import { RedisServer, type RedisServerOptions } from '../support/RedisServer.js'
import { type ServerProcess, startServerProcess } from '../support/serverProcess.js'
import { TcpLink } from '../support/TcpLink.js'
import { waitFor } from '../support/waitFor.js'
import { ask } from './continuity/NodeApi.js'

interface ClusterOptions {
  readonly nodes?: number
  readonly redis?: RedisServerOptions
  readonly hasLinks?: boolean
  readonly env?: Readonly<Record<string, string>>
  /** For one node, by its index. */
  readonly envOf?: (index: number) => Readonly<Record<string, string>>
}

const ENV = {
  LOG_LEVEL: 'warn',
  HEARTBEAT_MS: '1000',
  MAX_MESSAGES_PER_AUDIENCE: '1000000',
  RATE_LIMIT_ADMIN_MAX: '0',
  RATE_LIMIT_READ_MAX: '0',
}
const READY_WITHIN_MS = 20_000

export class ClusterNode {
  readonly link: TcpLink | undefined
  readonly #env: Record<string, string>
  #process: ServerProcess | undefined
  #port = '0'

  constructor(env: Record<string, string>, link: TcpLink | undefined) {
    this.#env = env
    this.link = link
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get process(): ServerProcess {
    if (this.#process === undefined) throw new Error('this node was never started')
    return this.#process
  }

  /** The first time on a free port, and again on the same one. */
  async start(): Promise<void> {
    this.#process = await startServerProcess({ ...this.#env, PORT: this.#port })
    this.#port = new URL(this.#process.url).port
  }

  /** With kill -9. */
  async kill(): Promise<void> {
    await this.#process?.kill()
  }

  /** As an orderly stop does it. */
  async drain(): Promise<void> {
    const { child, exited } = this.process
    child.kill('SIGTERM')
    await exited
  }

  async isReady(): Promise<boolean> {
    const answer = await ask(this.url, '/readyz').catch(() => undefined)
    return answer?.status === 200
  }

  async untilReady(withinMs = READY_WITHIN_MS): Promise<void> {
    await waitFor(`${this.url} to be ready`, () => this.isReady(), withinMs)
  }

  async untilNotReady(withinMs = READY_WITHIN_MS): Promise<void> {
    await waitFor(`${this.url} not to be ready`, async () => !(await this.isReady()), withinMs)
  }
}

export class Cluster {
  readonly redis: RedisServer
  readonly nodes: readonly ClusterNode[]

  private constructor(redis: RedisServer, nodes: readonly ClusterNode[]) {
    this.redis = redis
    this.nodes = nodes
  }

  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const redis = await RedisServer.start(options.redis)
    const nodes: ClusterNode[] = []
    for (let index = 0; index < (options.nodes ?? 3); index += 1) {
      const link = options.hasLinks ? await TcpLink.start(redis.port, index + 1) : undefined
      const REDIS_URL = `redis://127.0.0.1:${link?.port ?? redis.port}`
      const env = { ...ENV, REDIS_URL, ...options.env, ...options.envOf?.(index) }
      nodes.push(new ClusterNode(env, link))
    }
    const cluster = new Cluster(redis, nodes)
    try {
      await Promise.all(nodes.map((node) => node.start()))
      await cluster.untilReady()
    } catch (error) {
      await cluster.stop()
      throw error
    }
    return cluster
  }

  /** All of them. */
  async untilReady(withinMs?: number): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.untilReady(withinMs)))
  }

  /** Why the nodes began new logs, as they said it themselves. */
  get reasons(): string[] {
    const lines = this.nodes.flatMap(({ process }) => process.output().split('\n'))
    return lines.flatMap((line) => /"why":"([^"]*)","msg":"a new log begins/.exec(line)?.[1] ?? [])
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()))
    await Promise.all(this.nodes.map(async ({ link }) => link?.close()))
    await this.redis.stop()
  }
}
