// What one node has of a Redis that it shares with others: connections and scripts of its own.

import { pino } from 'pino'
import { RedisConnections } from '../../server/redis/RedisConnections.js'
import { RedisScripts } from '../../server/redis/RedisScripts.js'
import { waitFor } from './waitFor.js'

let lastPrefix = 0

/** A prefix that no other test of this process uses. */
export const freshPrefix = (): string => `test-${process.pid}-${++lastPrefix}`

export class RedisNode {
  readonly redis: RedisConnections
  readonly scripts: RedisScripts
  /** What Redis refused. */
  readonly faults: unknown[] = []

  private constructor(url: string, prefix: string) {
    this.redis = new RedisConnections({ url, prefix, logger: pino({ level: 'silent' }) })
    this.scripts = new RedisScripts({
      redis: this.redis,
      onFault: (error) => this.faults.push(error),
    })
  }

  /** One that may not have reached it yet. */
  static connecting(url: string, prefix: string): RedisNode {
    return new RedisNode(url, prefix)
  }

  static async connect(url: string, prefix: string): Promise<RedisNode> {
    const node = new RedisNode(url, prefix)
    await node.isUp()
    return node
  }

  async isUp(): Promise<void> {
    await waitFor('Redis to be reached', () => this.redis.isUp)
  }

  async isAway(): Promise<void> {
    await waitFor('Redis to be missed', () => !this.redis.isUp)
  }

  close(): void {
    this.redis.close()
  }
}
