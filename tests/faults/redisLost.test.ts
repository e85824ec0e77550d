// Redis forgets, all or a part. What it kept goes on as if nothing had been; of what it did not
// keep, every reader is told, once, and nobody is left in silence.

import { afterEach, describe, expect, test } from '@jest/globals'
import type { RedisServer, RedisServerOptions } from '../support/RedisServer.js'
import { waitFor } from '../support/waitFor.js'
import type { LogReader } from './continuity/LogReader.js'
import { Ground, report, SOAK } from './Ground.js'

const TIMES = SOAK ? 10 : 1
const TIMEOUT_MS = 120_000 + TIMES * 30_000
const PER_SECOND = 100

let ground: Ground | undefined
afterEach(async () => {
  await ground?.stop()
  ground = undefined
})

/**
 * Does harm to Redis amid the load, and waits until the nodes are well again and, where something
 * is lost, until every reader was told.
 */
async function suffer(
  redis: RedisServerOptions,
  harm: (redis: RedisServer) => Promise<unknown>,
  { isLost = false } = {},
): Promise<Ground> {
  ground = await Ground.start({ redis, perSecond: PER_SECOND })
  const { readers } = ground
  for (let time = 1; time <= TIMES; time += 1) {
    await ground.published(PER_SECOND)
    await harm(ground.cluster.redis)
    await ground.published(PER_SECOND / 2)
    if (!isLost) continue
    await waitFor('all to be told', () => readers.every((each) => timesTold(each) >= time), 30_000)
  }
  return ground
}

const timesTold = ({ record }: LogReader) =>
  record.told.filter((event) => event.kind === 'resync' && event.reason === 'epoch').length

describe('what Redis has kept', () => {
  test(
    'goes on after kill -9 where every append is on disk, and nobody is told a thing',
    async () => {
      await suffer({ appendOnly: 'always' }, async (redis) => {
        await redis.kill()
        await redis.restart({ keepData: true })
      })
      const verdict = await ground!.verdict()
      report(`Redis killed, AOF always, ${TIMES} times`, verdict)
      expect(verdict.violations).toEqual([])
      expect(verdict.figures.resyncs).toEqual({})
    },
    TIMEOUT_MS,
  )

  test(
    'goes on after kill -9 with everysec, or readers are told what is lost',
    async () => {
      await suffer({ appendOnly: 'everysec' }, async (redis) => {
        await redis.kill()
        await redis.restart({ keepData: true })
      })
      const verdict = await ground!.verdict()
      report(`Redis killed, AOF everysec, ${TIMES} times`, verdict)
      expect(verdict.violations).toEqual([])
      expect(verdict.figures.epochs).toBeLessThanOrEqual(1 + TIMES)
    },
    TIMEOUT_MS,
  )
})

describe('of what Redis has lost, every reader is told, and once', () => {
  test.each<[string, (redis: RedisServer) => Promise<unknown>]>([
    [
      'SHUTDOWN NOSAVE and an empty start',
      async (redis) => {
        await redis.stopNoSave()
        await redis.restart({ keepData: true })
      },
    ],
    [
      'an older dump',
      async (redis) => {
        await redis.command('SAVE')
        redis.keepCopy('older')
        await ground!.published(PER_SECOND / 2)
        await redis.restartWithCopy('older')
      },
    ],
    ['FLUSHALL', (redis) => redis.command('FLUSHALL')],
  ])(
    '%s',
    async (name, harm) => {
      const { readers } = await suffer({}, harm, { isLost: true })
      const verdict = await ground!.verdict()
      report(`${name}, ${TIMES} times`, verdict)
      expect(verdict.violations).toEqual([])
      expect(verdict.figures.resyncs).toEqual({ epoch: readers.length * TIMES })
      expect(verdict.figures.epochs).toBe(1 + TIMES)
    },
    TIMEOUT_MS,
  )
})
