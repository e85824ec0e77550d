import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { LuaScript } from '../../../server/redis/LuaScript.js'
import { RedisServer } from '../../support/RedisServer.js'
import { TcpLink } from '../../support/TcpLink.js'

let server: RedisServer
let redis: Redis

beforeAll(async () => {
  server = await RedisServer.start()
  redis = new Redis(server.url, { protocol: 2 })
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})

const PUSH = new LuaScript(`return { redis.call('RPUSH', KEYS[1], ARGV[1]), KEYS[1], ARGV[2] }`)

const calls = async (command: string) =>
  Number(
    /calls=(\d+)/.exec(await server.info(`cmdstat_${command}`).catch(() => 'calls=0'))?.[1] ?? 0,
  )

describe('a script', () => {
  it('gets its keys and values, and answers', async () => {
    expect(await PUSH.run(redis, ['list'], ['a', 7])).toEqual([1, 'list', '7'])
  })

  it('is sent whole once, and by its digest from then on', async () => {
    await server.command('SCRIPT', 'FLUSH')
    const before = [await calls('eval'), await calls('evalsha')]
    for (let n = 0; n < 3; n += 1) await PUSH.run(redis, ['twice'], [n, ''])
    expect([await calls('eval'), await calls('evalsha')]).toEqual([before[0]! + 1, before[1]! + 3])
  })

  it('is carried out once each time, also where Redis has forgotten it', async () => {
    await server.command('DEL', 'list')
    for (let n = 0; n < 3; n += 1) {
      await PUSH.run(redis, ['list'], [n, ''])
      await server.command('SCRIPT', 'FLUSH')
    }
    expect(await redis.lrange('list', 0, -1)).toEqual(['0', '1', '2'])
  })

  it('that must keep its order keeps it, though Redis forgets it at every moment', async () => {
    const inOrder = new LuaScript(`redis.call('RPUSH', KEYS[1], ARGV[1])`, { isInOrder: true })
    // What is sent while an answer is on its way is what could overtake.
    const link = await TcpLink.start(server.port)
    link.set({ delayMs: 2 })
    const far = new Redis(link.port, { protocol: 2 })
    const all: Promise<unknown>[] = []
    for (let n = 0; n < 500; n += 1) {
      all.push(inOrder.run(far, ['ordered'], [n]))
      if (n % 50 === 0) all.push(server.command('SCRIPT', 'FLUSH'))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(all)
    far.disconnect()
    await link.close()
    const expected = Array.from({ length: 500 }, (_, n) => String(n))
    expect(await redis.lrange('ordered', 0, -1)).toEqual(expected)
  })

  it('rejects with what Redis says, and is not sent again', async () => {
    const before = await calls('eval')
    const broken = new LuaScript(`return redis.call('LPUSH', KEYS[1])`)
    await server.command('SCRIPT', 'LOAD', `return redis.call('LPUSH', KEYS[1])`)
    await expect(broken.run(redis, ['list'], [])).rejects.toThrow(/wrong number of arg/i)
    expect(await calls('eval')).toBe(before)
  })
})
