// Several servers of this process on one Redis, each at the end of a wire of its own.

import type { SyncServerOptions } from '../../../server/createSyncServer.js'
import type { RedisServer } from '../../support/RedisServer.js'
import { TcpLink, type Wire } from '../../support/TcpLink.js'
import { startTestServer, type TestServer } from '../../support/testServer.js'
import { waitFor } from '../../support/waitFor.js'

export interface TestNode extends TestServer {
  readonly link: TcpLink
}

export class Nodes {
  readonly redis: RedisServer
  readonly all: TestNode[] = []
  readonly #prefix = `p${Math.random().toString(36).slice(2, 8)}`

  constructor(redis: RedisServer) {
    this.redis = redis
  }

  /** Starts one more node, at the end of such a wire. */
  async start(options: SyncServerOptions = {}, wire: Partial<Wire> = {}): Promise<TestNode> {
    const link = await TcpLink.start(this.redis.port)
    link.set(wire)
    const redisUrl = `redis://127.0.0.1:${link.port}`
    const server = await startTestServer({ redisUrl, redisPrefix: this.#prefix, ...options })
    const node = { ...server, link }
    this.all.push(node)
    return node
  }

  /** Starts so many, and waits until they know of each other. */
  async startSeveral(count: number, options?: SyncServerOptions): Promise<TestNode[]> {
    const nodes = await Promise.all(Array.from({ length: count }, () => this.start(options)))
    await this.knowEachOther()
    return nodes
  }

  async knowEachOther(): Promise<void> {
    const count = this.all.length
    await waitFor('the nodes to know of each other', async () => {
      const published = await Promise.all(
        this.all.map(({ server }) => server.sync.forceResync({ userId: 'nobody' })),
      )
      return (
        published.every(({ recipientsPartial }) => recipientsPartial !== true) &&
        this.all.every(({ server }) => (server.stats() as { nodes: number }).nodes === count)
      )
    })
  }

  /** The whole name of a key. */
  key(name: string): string {
    return `{${this.#prefix}}:${name}`
  }

  async close(): Promise<void> {
    for (const { link } of this.all) link.heal()
    await Promise.all(this.all.map((node) => node.close()))
    await Promise.all(this.all.map(({ link }) => link.close()))
  }
}
