import { describe, expect, it } from '@jest/globals'
import { MessageQueueService } from '../../../server/services/MessageQueueService.js'
import { resume, resyncReason, type Start } from '../../../server/services/resume.js'
import { comparePositions, type Position, parseSince, type Since } from '../../../shared/cursor.js'
import { at, EPOCH, messageAt, resyncAt } from '../../support/entries.js'

const START = at(1000)
const PAGE = { limit: 100, maxBytes: 1e6 }
const READING: ReadonlyMap<string, Position> = new Map([['t:a', START]])

interface Scene {
  readonly log: MessageQueueService
  readonly clock: { ms: number }
}

/** A log with messages for `t:a` at these milliseconds, holding at most `max` of them. */
function logWith(places: readonly number[], max = 100): Scene {
  const clock = { ms: 0 }
  const log = new MessageQueueService({
    ttlMs: 100,
    maxMessagesPerAudience: max,
    maxBytes: 1e9,
    maxMarks: 100,
    now: () => clock.ms,
  })
  log.begin(EPOCH, START)
  for (const ms of places) log.apply(messageAt(at(ms), ['t:a']))
  return { log, clock }
}

/** What a poll with this `since` is told. */
function told({ log }: Scene, since: Since | string) {
  const parsed = typeof since === 'string' ? parseSince(since) : since
  const start = resume(log, READING, parsed!)
  const { entries, losses } = log.read(READING, start.position, PAGE)
  const isForced = entries.some(({ kind }) => kind === 'resync')
  return {
    start,
    places: entries.filter(({ kind }) => kind === 'message').map(({ ms }) => ms),
    reason: resyncReason(start, losses, isForced),
  }
}

const cursor = (ms: number, epoch = EPOCH): Since => ({
  kind: 'cursor',
  cursor: { ...at(ms), epoch },
})

describe('a reader that hands back its cursor', () => {
  it('reads on after it, and hears nothing where nothing was lost', () => {
    const scene = logWith([1001, 1002, 1003])
    expect(told(scene, cursor(1001))).toMatchObject({ places: [1002, 1003], reason: undefined })
    expect(told(scene, cursor(1003))).toMatchObject({ places: [], reason: undefined })
  })

  it('hears of what was evicted after it, and still reads on after it', () => {
    const scene = logWith([1001, 1002, 1003], 1)
    expect(told(scene, cursor(1001))).toMatchObject({ places: [1003], reason: 'evicted' })
    expect(told(scene, cursor(1002))).toMatchObject({ places: [1003], reason: undefined })
  })

  it('hears of what expired after it, swept or not', () => {
    const scene = logWith([1001, 1002])
    scene.clock.ms += 100
    expect(told(scene, cursor(1001)).reason).toBe('expired')
    scene.log.sweep(10)
    expect(told(scene, cursor(1001)).reason).toBe('expired')
    expect(told(scene, cursor(1002)).reason).toBeUndefined()
  })

  it('hears of a forced resync once, and is not sent back by it', () => {
    const scene = logWith([1001])
    scene.log.apply(resyncAt(at(1002), ['t:a']))
    scene.log.apply(messageAt(at(1003), ['t:a']))
    expect(told(scene, cursor(1001))).toMatchObject({ places: [1003], reason: 'forced' })
    expect(told(scene, cursor(1002))).toMatchObject({ places: [1003], reason: undefined })
  })

  it.each([
    ['of another epoch', cursor(1001, 'epoch1')],
    ['of another epoch, ahead', cursor(9999, 'epoch1')],
    ['ahead of the log', cursor(1003)],
  ])('that is %s begins at the oldest message and is told so', (_, since) => {
    const scene = logWith([1001, 1002])
    expect(told(scene, since)).toMatchObject({ places: [1001, 1002], reason: 'epoch' })
  })

  it('from before the epoch began is brought to its start', () => {
    const scene = logWith([1001])
    const { start, places } = told(scene, cursor(5))
    expect([start.position, places]).toEqual([START, [1001]])
  })
})

describe('a reader without a position', () => {
  it.each(['0', 'now'])('that begins at %s is told no resync whatever happened', (since) => {
    const scene = logWith([1001, 1002, 1003], 1)
    scene.log.apply(resyncAt(at(1004), ['t:other']))
    expect(told(scene, since).reason).toBeUndefined()
    scene.log.apply(resyncAt(at(1005), ['t:a']))
    expect(told(scene, since).reason).toBeUndefined()
    scene.clock.ms += 100
    expect(told(scene, since).reason).toBeUndefined()
  })

  it('gets everything retained from 0, and nothing from now', () => {
    const scene = logWith([1001, 1002, 1003], 2)
    expect(told(scene, '0').places).toEqual([1002, 1003])
    expect(told(scene, 'now').places).toEqual([])
  })
})

describe('a bare timestamp', () => {
  it('begins after everything of that millisecond', () => {
    const scene = logWith([1001])
    scene.log.apply(messageAt(at(1001, 1), ['t:a']))
    scene.log.apply(messageAt(at(1002), ['t:a']))
    expect(told(scene, '1001')).toMatchObject({ places: [1002], reason: undefined })
    expect(told(scene, '1000').places).toEqual([1001, 1001, 1002])
  })

  it('later than the head means now', () => {
    const scene = logWith([1001])
    const { start, reason } = told(scene, '99999')
    expect(comparePositions(start.position, scene.log.head)).toBe(0)
    expect(reason).toBeUndefined()
  })

  it('is given a position that the server has named, not one minted from it', () => {
    const scene = logWith([1001, 1005])
    const { start } = told(scene, '1003')
    expect(scene.log.cursorAt(start.position)).toBe(`1001-0.${EPOCH}`)
    expect(scene.log.cursorAt(told(scene, '3').start.position)).toBe(`1000-0.${EPOCH}`)
  })

  it('hears of what was evicted after it', () => {
    const scene = logWith([1001, 1002, 1003], 2)
    expect(told(scene, '1000')).toMatchObject({ places: [1002, 1003], reason: 'evicted' })
    expect(told(scene, '1001')).toMatchObject({ places: [1002, 1003], reason: undefined })
  })

  it('hears of what expired after it, also where nothing is left, swept or not', () => {
    const scene = logWith([1001, 1002])
    scene.clock.ms += 100
    scene.log.apply(messageAt(at(1003), ['t:other']))
    expect(told(scene, '1001').reason).toBe('expired')
    scene.log.sweep(10)
    expect(told(scene, '1001').reason).toBe('expired')
    expect(told(scene, '1002').reason).toBeUndefined()
  })

  it('is judged by the marks alone: a forced resync is not told', () => {
    const scene = logWith([1001])
    scene.log.apply(resyncAt(at(1002), ['t:a']))
    scene.log.apply(messageAt(at(1003), ['t:a']))
    expect(told(scene, '1001')).toMatchObject({ places: [1003], reason: undefined })
  })
})

describe('the reason that is told', () => {
  const start = (hears: Start['hears'], isForeign = false): Start => ({
    position: START,
    isForeign,
    hears,
  })
  const loss = [{ key: 't:a', position: at(1), reason: 'evicted' as const }]

  it.each([
    [start('everything', true), loss, true, 'epoch'],
    [start('everything'), loss, true, 'evicted'],
    [start('everything'), [], true, 'forced'],
    [start('everything'), [], false, undefined],
    [start('losses'), loss, true, 'evicted'],
    [start('losses'), [], true, undefined],
    [start('nothing'), loss, true, undefined],
  ])('from %j with a loss %j and forced %j is %j', (from, lost, isForced, expected) => {
    expect(resyncReason(from, lost, isForced)).toBe(expected)
  })
})
