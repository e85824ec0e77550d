// A log that is not the first one of this process, or of which it has not seen everything.

import { describe, expect, it } from '@jest/globals'
import { MessageQueueService } from '../../../server/services/MessageQueueService.js'
import { lastOf } from '../../../server/services/resume.js'
import { comparePositions, type Position } from '../../../shared/cursor.js'
import { at, EPOCH, messageAt, resyncAt } from '../../support/entries.js'

const OTHER = 'epoch1'
const START = at(1000)
const TTL_MS = 100
const PAGE = { limit: 100, maxBytes: 1e6 }

function createLog({ maxMessagesPerAudience = 1000 } = {}) {
  const clock = { ms: 5000 }
  const log = new MessageQueueService({
    ttlMs: TTL_MS,
    maxMessagesPerAudience,
    maxBytes: 1e9,
    maxMarks: 1000,
    now: () => clock.ms,
  })
  log.begin(EPOCH, START)
  return { log, clock }
}

const reader = (keys: readonly string[], from: Position = START): Map<string, Position> =>
  new Map(keys.map((key) => [key, from]))

const placesIn = (log: MessageQueueService, key = '*', from = START) =>
  log.read(reader([key], from), from, PAGE).entries.map(({ ms }) => ms)

const lossOf = (log: MessageQueueService, key: string, from: Position) =>
  lastOf(log.read(reader([key], from), from, PAGE).losses)

describe('a log that begins in the place of another', () => {
  it('has nothing of the one before: no entry, no loss, no forced resync, no head', () => {
    const { log } = createLog({ maxMessagesPerAudience: 1 })
    log.apply(messageAt(at(1001)))
    log.apply(messageAt(at(1002)))
    log.apply(resyncAt(at(1003)))
    log.begin(OTHER, at(900))
    expect([log.epoch, log.start, log.head]).toEqual([OTHER, at(900), at(900)])
    expect(log.cursorAt(log.head)).toBe(`900-0.${OTHER}`)
    expect(log.size).toEqual({ messages: 0, bytes: 0, audiences: 0, marks: 0 })
    expect(log.read(reader(['*'], at(0)), at(0), PAGE)).toMatchObject({ entries: [], losses: [] })
    expect(log.survey(reader(['*'], at(0)), at(0))).toEqual({ losses: [], isForced: false })
  })

  it('takes entries below those of the one before', () => {
    const { log } = createLog()
    log.apply(messageAt(at(2000)))
    log.begin(OTHER, at(900))
    log.apply(messageAt(at(950)))
    expect(placesIn(log, '*', at(900))).toEqual([950])
    expect(log.head).toEqual(at(950))
  })

  it('says of what stood before it was replayed that nobody can tell, of every audience', () => {
    const { log } = createLog()
    log.begin(OTHER, START, at(1500))
    expect(log.head).toEqual(at(1500))
    log.apply(messageAt(at(1600), ['t:a']))
    for (const key of ['t:a', 't:never-heard-of']) {
      expect(lossOf(log, key, at(1499))).toMatchObject({ position: at(1500), reason: 'expired' })
      expect(lossOf(log, key, at(1500))).toBeUndefined()
    }
    expect(placesIn(log, 't:a', at(1400))).toEqual([1600])
  })

  it('stands at its start where that is after all that it has lost', () => {
    const { log } = createLog()
    log.begin(OTHER, at(1500), at(1200))
    expect(log.head).toEqual(at(1500))
  })
})

describe('an entry that was appended some time ago', () => {
  it('is kept for the rest of its time alone', () => {
    const { log, clock } = createLog()
    log.apply(messageAt(at(1001)), 70)
    clock.ms += 29
    expect(placesIn(log)).toEqual([1001])
    clock.ms += 1
    expect(placesIn(log)).toEqual([])
    expect(lossOf(log, '*', START)).toMatchObject({ position: at(1001), reason: 'expired' })
  })

  it('that is too old already is never read, and told as a loss', () => {
    const { log } = createLog()
    log.apply(messageAt(at(1001)), TTL_MS)
    expect(log.head).toEqual(at(1001))
    expect(placesIn(log)).toEqual([])
    expect(lossOf(log, '*', START)).toMatchObject({ position: at(1001), reason: 'expired' })
    expect(log.isFresh(log.lastArrival)).toBe(false)
  })

  it('never counts as older than the one before it, so that they go in order', () => {
    const { log, clock } = createLog()
    log.apply(messageAt(at(1001)), 20)
    log.apply(messageAt(at(1002)), 90)
    clock.ms += 79
    expect(placesIn(log)).toEqual([1001, 1002])
    expect(placesIn(log, '*', at(1001))).toEqual([1002])
    clock.ms += 1
    expect(placesIn(log)).toEqual([])
  })
})

describe('entries that left before this process has seen them', () => {
  it('are a loss of every audience, and stand behind the head', () => {
    const { log } = createLog()
    log.apply(messageAt(at(1001), ['t:a']))
    log.lose(at(1500))
    expect(log.head).toEqual(at(1500))
    for (const key of ['t:a', 't:never-heard-of']) {
      expect(lossOf(log, key, at(1400))).toEqual({ key, position: at(1500), reason: 'evicted' })
      expect(lossOf(log, key, at(1500))).toBeUndefined()
    }
    expect(log.read(reader(['t:b']), START, PAGE).position).toEqual(at(1500))
  })

  it('take nothing away that this process has', () => {
    const { log } = createLog()
    log.apply(messageAt(at(1001)))
    log.lose(at(1500))
    log.apply(messageAt(at(1501)))
    expect(placesIn(log)).toEqual([1001, 1501])
  })

  it('do not take the head back, nor a loss', () => {
    const { log } = createLog()
    log.apply(messageAt(at(1600)))
    log.lose(at(1500))
    log.lose(at(1400))
    expect(log.head).toEqual(at(1600))
    expect(lossOf(log, 't:b', at(1450))).toMatchObject({ position: at(1500) })
  })

  it('are told beside what an audience lost by itself: whatever reaches further', () => {
    const { log, clock } = createLog()
    log.lose(at(1500))
    log.apply(messageAt(at(1600), ['t:a']))
    clock.ms += TTL_MS
    log.sweep(10)
    expect(lossOf(log, 't:a', START)).toMatchObject({ position: at(1600), reason: 'expired' })
    expect(lossOf(log, 't:b', START)).toMatchObject({ position: at(1500), reason: 'evicted' })
    log.lose(at(1700))
    expect(lossOf(log, 't:a', START)).toMatchObject({ position: at(1700), reason: 'evicted' })
    expect(comparePositions(log.oldest(reader(['t:a'])), at(1700))).toBe(0)
  })
})
