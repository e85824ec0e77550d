// One log, kept by one process and taken over by the next, with every clock in hand.

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { SnapshotFile } from '../../../server/services/SnapshotFile.js'
import { FIRST_LINE } from '../../../server/services/snapshotLines.js'
import { ORIGIN } from '../../../shared/cursor.js'
import { publicationOf } from '../../contracts/brokers/brokerContract.js'
import { inFolder, type LogBounds, LogProcess } from '../../support/LogProcess.js'

const EVERYTHING = { limit: 1000, maxBytes: 1e9 }

/** Processes one after the other, each with its own epoch, and a wall clock that all share. */
class Place {
  readonly path: string
  readonly clock = { wallMs: 1_763_650_000_000, monotonicMs: 0 }
  #starts = 0

  constructor(folder: string) {
    this.path = `${folder}/log`
  }

  start(bounds: Partial<LogBounds> = {}): Promise<LogProcess> {
    this.#starts += 1
    const { clock, path } = this
    return LogProcess.start({ clock, path, bounds, epoch: `epoch${this.#starts}` })
  }

  pass(ms: number): void {
    this.clock.wallMs += ms
    this.clock.monotonicMs += ms
  }
}

const inPlace = (act: (place: Place) => Promise<void>) =>
  inFolder((folder) => act(new Place(folder)))

const publish = ({ broker }: LogProcess, ...ids: string[]) => broker.append([publicationOf(ids)])

const publishKeyed = async ({ broker }: LogProcess, id: string, key: string, fingerprint = 'f') => {
  const [receipt] = await broker.append([publicationOf([id], { key, fingerprint })])
  return receipt
}

/** What ann can still read, and whether she is told of a loss. */
function readBy({ log }: LogProcess, audience = 'u:ann') {
  const { entries, losses } = log.read(new Map([[audience, ORIGIN]]), ORIGIN, EVERYTHING)
  return { ids: entries.map(({ json }) => JSON.parse(json).id), reason: losses.at(-1)?.reason }
}

describe('a log that is kept', () => {
  it('goes on in its epoch, once: after a crash another begins', () =>
    inPlace(async (place) => {
      const first = await place.start()
      await publish(first, 'a')
      await first.broker.close()
      const second = await place.start()
      expect(second.log.epoch).toBe('epoch1')
      expect(readBy(second).ids).toEqual(['a'])
      expect(existsSync(place.path)).toBe(false)
      // It crashes.
      const third = await place.start()
      expect(third.log.epoch).toBe('epoch3')
      expect(readBy(third)).toEqual({ ids: [], reason: undefined })
      expect(third.faults).toEqual([])
    }))

  it('outlives any number of restarts, also where nothing was ever published', () =>
    inPlace(async (place) => {
      for (let round = 0; round < 4; round += 1) {
        const process = await place.start()
        expect(process.log.epoch).toBe('epoch1')
        await process.broker.close()
      }
    }))

  it('counts the time that nobody ran as age', () =>
    inPlace(async (place) => {
      const first = await place.start({ ttlMs: 1000 })
      await publish(first, 'a')
      place.pass(500)
      await publish(first, 'b')
      await first.broker.close()
      place.clock.wallMs += 400
      const second = await place.start({ ttlMs: 1000 })
      place.pass(99)
      expect(readBy(second)).toEqual({ ids: ['a', 'b'], reason: undefined })
      place.pass(1)
      expect(readBy(second)).toEqual({ ids: ['b'], reason: 'expired' })
      place.pass(500)
      expect(readBy(second)).toEqual({ ids: [], reason: 'expired' })
    }))

  it('lets no message live on whose time was over, also where more time is given from now on', () =>
    inPlace(async (place) => {
      const first = await place.start({ ttlMs: 1000 })
      await publish(first, 'a')
      place.pass(1000)
      await first.broker.close()
      const second = await place.start({ ttlMs: 100_000 })
      expect(readBy(second)).toEqual({ ids: [], reason: 'expired' })
    }))

  it('takes a wall clock that went back as no time at all', () =>
    inPlace(async (place) => {
      const first = await place.start({ ttlMs: 1000 })
      await publish(first, 'a')
      place.pass(600)
      await first.broker.close()
      place.clock.wallMs -= 3_600_000
      const second = await place.start({ ttlMs: 1000 })
      place.pass(399)
      expect(readBy(second).ids).toEqual(['a'])
      place.pass(1)
      expect(readBy(second).ids).toEqual([])
    }))

  it('keeps to bounds that are tighter than before, and tells of what that cost', () =>
    inPlace(async (place) => {
      const first = await place.start()
      await publish(first, 'a', 'b', 'c')
      await first.broker.close()
      const second = await place.start({ maxMessagesPerAudience: 2 })
      expect(readBy(second)).toEqual({ ids: ['b', 'c'], reason: 'evicted' })
      await second.broker.close()
      const third = await place.start({ ttlMs: 1, maxMessagesPerAudience: 2 })
      place.pass(1)
      expect(readBy(third)).toEqual({ ids: [], reason: 'expired' })
    }))

  it('forgets the same marks first', () =>
    inPlace(async (place) => {
      const bounds = { maxMessagesPerAudience: 1, maxMarks: 2 }
      const first = await place.start(bounds)
      const evict = async (process: LogProcess, name: string) => {
        const items = ['1', '2'].map((n) => ({
          kind: 'message' as const,
          id: name + n,
          type: 'a',
          audience: [name],
        }))
        await process.broker.append([{ items }])
      }
      await evict(first, 'u:ann')
      await evict(first, 'u:bob')
      await first.broker.close()
      const second = await place.start(bounds)
      await evict(second, 'u:cleo')
      // Bob's own is still there: what stood before it is known to be lost, and no more.
      const [bob] = [...second.log.marks].find(([key]) => key === 'u:bob') ?? []
      expect(bob).toBe('u:bob')
    }))

  it('knows the keys that were used, for the time that is left to them', () =>
    inPlace(async (place) => {
      const bounds = { idempotencyTtlMs: 1000 }
      const first = await place.start(bounds)
      const receipt = await publishKeyed(first, 'a', 'k1')
      place.pass(300)
      await publishKeyed(first, 'b', 'k2')
      await first.broker.close()
      place.clock.wallMs += 300
      const second = await place.start(bounds)
      expect(await publishKeyed(second, 'x', 'k1')).toEqual({ ...receipt, isDuplicate: true })
      await expect(publishKeyed(second, 'x', 'k1', 'other')).rejects.toMatchObject({
        code: 'idempotency_conflict',
      })
      place.pass(400)
      expect(await publishKeyed(second, 'c', 'k1')).toMatchObject({
        isDuplicate: false,
        ids: ['c'],
      })
      expect(await publishKeyed(second, 'x', 'k2')).toMatchObject({ isDuplicate: true, ids: ['b'] })
      place.pass(300)
      expect(await publishKeyed(second, 'd', 'k2')).toMatchObject({ isDuplicate: false })
    }))

  it('forgets a key no later than a new one, where keys are now remembered for less', () =>
    inPlace(async (place) => {
      const first = await place.start({ idempotencyTtlMs: 10_000 })
      await publishKeyed(first, 'a', 'k1')
      await first.broker.close()
      const second = await place.start({ idempotencyTtlMs: 1000 })
      place.pass(999)
      expect(await publishKeyed(second, 'x', 'k1')).toMatchObject({ isDuplicate: true })
      place.pass(1)
      expect(await publishKeyed(second, 'b', 'k1')).toMatchObject({ isDuplicate: false })
    }))

  it('counts the time that reading it takes, too', () =>
    inPlace(async (place) => {
      const first = await place.start({ ttlMs: 1000 })
      await publish(first, ...Array.from({ length: 30 }, (_, index) => `m${index}`))
      await first.broker.close()
      // Each look at this clock takes 100 ms.
      const clock = {
        wallMs: place.clock.wallMs,
        passedMs: 0,
        get monotonicMs() {
          this.passedMs += 100
          return this.passedMs
        },
      }
      const options = { clock, path: place.path, bounds: { ttlMs: 1000 } }
      const second = await LogProcess.start({ ...options, epoch: 'other0' })
      expect(readBy(second)).toEqual({ ids: [], reason: 'expired' })
    }))

  it('is for its owner alone, in a folder that is made for it', () =>
    inFolder(async (folder) => {
      const place = new Place(`${folder}/a/b`)
      await (await place.start()).broker.close()
      expect(statSync(`${folder}/a/b`).mode & 0o777).toBe(0o700)
      expect(statSync(place.path).mode & 0o777).toBe(0o600)
    }))

  it('is written once, also where the end is told twice, and has all that was taken before', () =>
    inPlace(async (place) => {
      const first = await place.start()
      const appended = publish(first, 'a')
      await Promise.all([first.broker.close(), first.broker.close()])
      await appended
      await expect(publish(first, 'b')).rejects.toMatchObject({ code: 'unavailable' })
      expect(first.lines.map(({ text }) => text)).toEqual(['log kept'])
      expect(readBy(await place.start()).ids).toEqual(['a'])
    }))
})

describe('what can not be loaded', () => {
  it('is set aside with one line, and another log begins', () =>
    inPlace(async (place) => {
      for (const content of ['', 'something else\n', 'syncline snapshot 2\n']) {
        writeFileSync(place.path, content)
        const process = await place.start()
        expect(process.faults).toHaveLength(1)
        const aside = String(process.faults[0]?.fields.aside)
        expect(readFileSync(aside, 'utf8')).toBe(content)
        await publish(process, 'a')
        expect(readBy(process).ids).toEqual(['a'])
      }
      const names = readdirSync(dirname(place.path))
      expect(names.filter((name) => name.startsWith('log.damaged'))).toHaveLength(3)
    }))

  it('leaves nothing of it in the log, however late it breaks off', () =>
    inPlace(async (place) => {
      const first = await place.start()
      await publishKeyed(first, 'a', 'k')
      await publish(first, 'b')
      await first.broker.close()
      // As nobody writes it, with the checksum that belongs to it.
      const file = new SnapshotFile(place.path, FIRST_LINE)
      const lines: string[] = []
      await file.read((line) => lines.push(line.toString()))
      for (const wrong of [
        [...lines, 'x'],
        [...lines, 'e[1,2]'],
        [...lines, lines.at(-1)!],
        [...lines, lines[0]!],
        lines.slice(1),
        [],
        [lines[0]!.replace(/"epoch":"\w+"/, '"epoch":"A.B"'), ...lines.slice(1)],
      ]) {
        await file.write(wrong)
        // Another run has begun since.
        rmSync(`${place.path}.owner`, { force: true })
        const process = await place.start()
        expect(process.faults).toHaveLength(1)
        expect(process.log.epoch).toMatch(/^epoch(?!1$)/)
        expect(process.log.size).toMatchObject({ messages: 0, marks: 0, bytes: 0 })
        expect(await publishKeyed(process, 'c', 'k')).toMatchObject({ isDuplicate: false })
      }
    }))
})

describe('where nothing can be kept', () => {
  it.each([
    [
      'a file where its folder should be',
      (folder: string) => writeFileSync(`${folder}/x`, ''),
      'x/log',
    ],
    ['a folder in its place', (folder: string) => mkdirSync(`${folder}/log`), 'log'],
    ['a folder that nobody can write to', () => {}, '../../../../../../proc/self/log'],
  ])('a start says so: %s', (_what, prepare, path) =>
    inFolder(async (folder) => {
      prepare(folder)
      const place = new Place(folder)
      const clock = place.clock
      const started = LogProcess.start({ clock, epoch: 'epoch1', path: `${folder}/${path}` })
      await expect(started).rejects.toMatchObject({ name: 'ConfigError' })
      await expect(started).rejects.toThrow(/SNAPSHOT_FILE/)
    }),
  )

  it('an end says so, and is one all the same', () =>
    inPlace(async (place) => {
      const process = await place.start()
      mkdirSync(`${place.path}.part`)
      await process.broker.close()
      expect(process.faults).toMatchObject([{ level: 'error' }])
      expect(existsSync(place.path)).toBe(false)
    }))
})

describe('two servers in one place', () => {
  it('what the older one keeps is not gone on with once the newer one was used', () =>
    inPlace(async (place) => {
      const older = await place.start()
      await publish(older, 'a')
      const newer = await place.start()
      await publish(newer, 'b')
      await older.broker.close()
      expect(older.faults).toMatchObject([
        { fields: { why: expect.stringMatching('another server') } },
      ])
      expect(existsSync(place.path)).toBe(false)
      await newer.broker.close()
      expect(readBy(await place.start()).ids).toEqual(['b'])
    }))

  it('a file that is older than the last run is set aside: an old copy, or one of a rival', () =>
    inPlace(async (place) => {
      const first = await place.start()
      await publish(first, 'a')
      await first.broker.close()
      copyFileSync(place.path, `${place.path}.copy`)
      const second = await place.start()
      expect(second.log.epoch).toBe('epoch1')
      await publish(second, 'b')
      copyFileSync(`${place.path}.copy`, place.path)
      const third = await place.start()
      expect(third.log.epoch).toBe('epoch3')
      const why = expect.stringMatching('a server has run since')
      expect(third.faults).toMatchObject([{ fields: { why } }])
    }))

  it('one that starts beside a living one, and publishes nothing, takes nothing from it', () =>
    inPlace(async (place) => {
      const living = await place.start()
      await publish(living, 'a')
      // The parent of this test is another process that lives.
      const [run] = readFileSync(`${place.path}.owner`, 'utf8').split(' ')
      writeFileSync(`${place.path}.owner`, `${run} ${process.ppid}\n`)
      const beside = await place.start()
      expect(beside.faults).toMatchObject([{ level: 'warn', fields: { process: process.ppid } }])
      await beside.broker.close()
      await living.broker.close()
      expect(readBy(await place.start()).ids).toEqual(['a'])
    }))
})
