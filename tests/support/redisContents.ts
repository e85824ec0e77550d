// What a Redis holds, as text: to see what is there, and what is not.

import type { RedisServer } from './RedisServer.js'

interface Held {
  readonly key: string
  readonly text: string
  /** -1 where it has no end. */
  readonly lifeMs: number
}

const READ: Readonly<Record<string, readonly [string, ...(string | number)[]]>> = {
  string: ['GET'],
  hash: ['HGETALL'],
  zset: ['ZRANGE', 0, -1, 'WITHSCORES'],
  stream: ['XRANGE', '-', '+'],
}

/** All that stands under keys that match. */
export async function contentsOf(redis: RedisServer, pattern: string): Promise<Held[]> {
  const keys = (await redis.command('KEYS', pattern)) as string[]
  const held = await Promise.all(keys.map((key) => readOne(redis, key)))
  // What has ended meanwhile is not there.
  return held.filter(({ lifeMs }) => lifeMs !== -2)
}

async function readOne(redis: RedisServer, key: string): Promise<Held> {
  const type = String(await redis.command('TYPE', key))
  const [command, ...args] = READ[type] ?? ['TYPE']
  const value = await redis.command(command, key, ...args)
  return { key, text: JSON.stringify(value), lifeMs: Number(await redis.command('PTTL', key)) }
}
