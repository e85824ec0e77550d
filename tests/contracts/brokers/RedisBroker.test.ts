import { afterAll, beforeAll } from '@jest/globals'
import { pino } from 'pino'
import { RedisBroker } from '../../../server/brokers/RedisBroker.js'
import { RedisConnections } from '../../../server/redis/RedisConnections.js'
import { RedisServer } from '../../support/RedisServer.js'
import { brokerContract } from './brokerContract.js'

let redis: RedisServer
let prefixes = 0

beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis.stop())

brokerContract('RedisBroker', (settings) => {
  const logger = pino({ level: 'silent' })
  prefixes += 1
  const prefix = `test${prefixes}`
  const connections = new RedisConnections({ url: redis.url, prefix, logger })
  const broker = new RedisBroker({
    redis: connections,
    node: `n${prefixes}`,
    newEpoch: () => `e${Math.random().toString(36).slice(2, 10)}`,
    monotonicNow: () => performance.now(),
    messageTtlMs: 60_000,
    maxLogBytes: 1 << 24,
    logger,
    onFault(error) {
      throw error
    },
    ...settings,
  })
  return {
    broker: {
      start: (sink) => broker.start(sink),
      append: (publications) => broker.append(publications),
      async close() {
        await broker.close()
        connections.close()
      },
    },
    passTime: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  }
})
