import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { LocalBroker } from '../../../server/brokers/LocalBroker.js'
import { comparePositions } from '../../../shared/cursor.js'
import { LogProcess } from '../../support/LogProcess.js'
import { brokerContract, publicationOf, RecordingSink } from './brokerContract.js'

brokerContract('LocalBroker', (settings) => {
  let monotonicMs = 0
  const broker = new LocalBroker({
    epoch: 'k3f9q2',
    wallNow: () => 1_763_650_000_000,
    monotonicNow: () => monotonicMs,
    ...settings,
  })
  return {
    broker,
    passTime(ms) {
      monotonicMs += ms
    },
  }
})

const folder = mkdtempSync(join(tmpdir(), 'syncline-broker-'))
afterAll(() => rmSync(folder, { recursive: true }))

brokerContract('LocalBroker, with a log that was kept,', async (bounds) => {
  const clock = { wallMs: 1_763_650_000_000, monotonicMs: 0 }
  const path = join(folder, randomUUID())
  const options = { clock, path, bounds, epoch: 'k3f9q2' }
  await (await LogProcess.start(options)).broker.close()
  return {
    broker: new LogProcess(options).broker,
    passTime(ms) {
      clock.monotonicMs += ms
    },
  }
})

async function startAt(clock: { wallMs: number; monotonicMs: number }) {
  const broker = new LocalBroker({
    epoch: 'k3f9q2',
    wallNow: () => clock.wallMs,
    monotonicNow: () => clock.monotonicMs,
    idempotencyTtlMs: 1000,
    maxIdempotencyKeys: 2,
  })
  const sink = new RecordingSink()
  await broker.start(sink)
  return { broker, sink }
}

describe('LocalBroker', () => {
  it('names its start by the clock, and its first cursor after it', async () => {
    const { broker, sink } = await startAt({ wallMs: 5000, monotonicMs: 0 })
    expect(sink.start).toEqual({ ms: 5000, counter: 0 })
    await broker.append([publicationOf(['a', 'b'])])
    expect(sink.entries.map(({ cursor }) => cursor)).toEqual(['5000-1.k3f9q2', '5000-2.k3f9q2'])
  })

  it('counts anew in a new millisecond', async () => {
    const clock = { wallMs: 5000, monotonicMs: 0 }
    const { broker, sink } = await startAt(clock)
    await broker.append([publicationOf(['a'])])
    clock.wallMs = 5001
    await broker.append([publicationOf(['b', 'c'])])
    expect(sink.entries.map(({ cursor }) => cursor)).toEqual([
      '5000-1.k3f9q2',
      '5001-0.k3f9q2',
      '5001-1.k3f9q2',
    ])
  })

  it('never lets a cursor fall or repeat, however the wall clock jumps', async () => {
    const jump = fc.oneof(
      fc.integer({ min: -3, max: 3 }),
      fc.constantFrom(-3_600_000, 3_600_000, -86_400_000),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(jump, { maxLength: 40 }), async (jumps) => {
        const clock = { wallMs: 1_763_650_000_000, monotonicMs: 0 }
        const { broker, sink } = await startAt(clock)
        for (const by of jumps) {
          clock.wallMs += by
          await broker.append([publicationOf(['a', 'b'])])
        }
        const places = [sink.start!, ...sink.entries]
        for (const [index, entry] of sink.entries.entries()) {
          expect(comparePositions(entry, places[index]!)).toBeGreaterThan(0)
          expect(JSON.parse(entry.json).timestamp).toBe(entry.ms)
        }
      }),
    )
  })

  it('forgets a key by the monotonic clock, whatever the wall clock says', async () => {
    const clock = { wallMs: 1_763_650_000_000, monotonicMs: 0 }
    const { broker } = await startAt(clock)
    const keyed = () => broker.append([publicationOf(['a'], { key: 'k', fingerprint: 'f' })])
    await keyed()
    clock.wallMs += 86_400_000
    clock.monotonicMs = 999
    expect(await keyed()).toMatchObject([{ isDuplicate: true }])
    clock.wallMs -= 2 * 86_400_000
    clock.monotonicMs = 1000
    expect(await keyed()).toMatchObject([{ isDuplicate: false }])
  })

  it('says at its bound of keys when there will be room', async () => {
    const clock = { wallMs: 5000, monotonicMs: 0 }
    const { broker } = await startAt(clock)
    const use = (key: string) => broker.append([publicationOf(['a'], { key, fingerprint: 'f' })])
    await use('k1')
    clock.monotonicMs = 400
    await use('k2')
    await expect(use('k3')).rejects.toEqual(expect.objectContaining({ retryAfterSeconds: 1 }))
    clock.monotonicMs = 1000
    await use('k3')
  })

  it('counts every message of a publication against its bound of keys', async () => {
    const { broker } = await startAt({ wallMs: 5000, monotonicMs: 0 })
    const use = (key: string, ids: string[]) =>
      broker.append([publicationOf(ids, { key, fingerprint: 'f' })])
    await expect(use('k1', ['a', 'b', 'c'])).rejects.toEqual(
      expect.objectContaining({ code: 'unavailable' }),
    )
    await use('k1', ['a', 'b'])
    await expect(use('k2', ['c'])).rejects.toEqual(expect.objectContaining({ code: 'unavailable' }))
  })
})
