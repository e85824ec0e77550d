import { describe, expect, it, jest } from '@jest/globals'
import { EntryQueue } from '../../../server/services/EntryQueue.js'
import { MessageQueueService } from '../../../server/services/MessageQueueService.js'
import { lastOf } from '../../../server/services/resume.js'
import type { Position } from '../../../shared/cursor.js'
import { at, EPOCH, messageAt, resyncAt } from '../../support/entries.js'

const START = at(1000)
const PAGE = { limit: 100, maxBytes: 1e6 }

function createLog(
  given: Partial<ConstructorParameters<typeof MessageQueueService>[0]> = {},
  clock = { ms: 0 },
) {
  const log = new MessageQueueService({
    ttlMs: 100,
    maxMessagesPerAudience: 1e6,
    maxBytes: 1e9,
    maxMarks: 1e6,
    now: () => clock.ms,
    ...given,
  })
  log.begin(EPOCH, START)
  return { log, clock }
}

const reader = (...keys: string[]): Map<string, Position> =>
  new Map(keys.map((key) => [key, START]))

describe('a log', () => {
  it('stands at its start until it has an entry, then at its last one', () => {
    const { log } = createLog()
    expect([log.epoch, log.start, log.head]).toEqual([EPOCH, START, START])
    expect(log.cursorAt(log.head)).toBe(`1000-0.${EPOCH}`)
    log.apply(messageAt(at(1001, 2)))
    expect(log.cursorAt(log.head)).toBe(`1001-2.${EPOCH}`)
    expect(log.start).toEqual(START)
  })

  it('lets what another log retained in its place be as old as it is', () => {
    const { log, clock } = createLog()
    clock.ms = 1000
    log.apply(messageAt(at(1001)))
    log.begin('epoch1', START)
    log.apply(messageAt(at(1001)), 60)
    clock.ms += 39
    expect(log.read(reader('*'), START, PAGE).entries).toHaveLength(1)
    clock.ms += 1
    expect(log.read(reader('*'), START, PAGE).entries).toHaveLength(0)
  })

  it('counts what it holds, an entry of several audiences once', () => {
    const { log, clock } = createLog()
    expect(log.size).toEqual({ messages: 0, bytes: 0, audiences: 0, marks: 0 })
    log.apply(messageAt(at(1001), ['t:a', 't:b']))
    log.apply(messageAt(at(1002), ['t:a']))
    expect(log.size).toMatchObject({ messages: 2, audiences: 2, marks: 0 })
    clock.ms += 100
    log.sweep(10)
    expect(log.size).toEqual({ messages: 0, bytes: 0, audiences: 0, marks: 2 })
  })

  it('says of a loss whether it was time or room that took the message', () => {
    const { log, clock } = createLog({ maxMessagesPerAudience: 1 })
    log.apply(messageAt(at(1001), ['t:a']))
    log.apply(messageAt(at(1002), ['t:a']))
    expect(lastOf(log.read(reader('t:a'), START, PAGE).losses)).toEqual({
      key: 't:a',
      position: at(1001),
      reason: 'evicted',
    })
    clock.ms += 100
    expect(lastOf(log.read(reader('t:a'), START, PAGE).losses)).toMatchObject({ reason: 'expired' })
    log.sweep(10)
    expect(lastOf(log.read(reader('t:a'), START, PAGE).losses)).toEqual({
      key: 't:a',
      position: at(1002),
      reason: 'expired',
    })
  })

  it('keeps a message until the moment that its time is over, swept or not', () => {
    const { log, clock } = createLog()
    log.apply(messageAt(at(1001)))
    clock.ms = 99
    expect(log.read(reader('*'), START, PAGE).entries).toHaveLength(1)
    clock.ms = 100
    expect(log.read(reader('*'), START, PAGE)).toMatchObject({ entries: [], hasMore: false })
    expect(log.size.messages).toBe(1)
  })

  it('never makes an entry younger than the one before it, should its clock be wrong', () => {
    const { log, clock } = createLog()
    clock.ms = 50
    log.apply(messageAt(at(1001)))
    clock.ms = 10
    log.apply(messageAt(at(1002)))
    expect(log.lastArrival).toBe(50)
    clock.ms = 120
    expect(log.read(reader('*'), START, PAGE).entries).toHaveLength(2)
  })

  it('sweeps as much at once as it is asked to, and says whether more is left', () => {
    const { log, clock } = createLog()
    for (let ms = 1001; ms <= 1005; ms += 1) log.apply(messageAt(at(ms)))
    expect(log.sweep(10)).toBe(false)
    clock.ms += 100
    expect(log.sweep(2)).toBe(true)
    expect(log.size.messages).toBe(3)
    expect(log.sweep(3)).toBe(false)
    expect(log.size.messages).toBe(0)
  })

  it('takes expired entries along with new ones, so that it needs no sweep while it is busy', () => {
    const { log, clock } = createLog()
    for (let ms = 1001; ms <= 1100; ms += 1) log.apply(messageAt(at(ms)))
    clock.ms += 100
    for (let ms = 1101; ms <= 1200; ms += 1) log.apply(messageAt(at(ms)))
    expect(log.size.messages).toBe(100)
  })

  it('does not keep what is for nobody', () => {
    const { log, clock } = createLog()
    log.apply(messageAt(at(1001), []))
    log.apply(messageAt(at(1002)))
    clock.ms += 100
    expect(log.sweep(10)).toBe(false)
    expect(log.size.messages).toBe(0)
  })

  it('lets a forced resync stand in a page beside the limit, and keeps it as long as a message', () => {
    const { log, clock } = createLog()
    log.apply(resyncAt(at(1001)))
    log.apply(messageAt(at(1002)))
    log.apply(resyncAt(at(1003)))
    log.apply(messageAt(at(1004)))
    const page = log.read(reader('*'), START, { ...PAGE, limit: 1 })
    expect(page.entries.map(({ ms }) => ms)).toEqual([1001, 1002, 1003])
    expect(page.hasMore).toBe(true)
    expect(log.survey(reader('*'), at(1002)).isForced).toBe(true)
    expect(log.survey(reader('*'), at(1003)).isForced).toBe(false)
    clock.ms += 100
    expect(lastOf(log.survey(reader('*'), at(1002)).losses)).toMatchObject({ reason: 'expired' })
  })

  it('names one oldest position, whether what expired before it has been swept or not', () => {
    const { log, clock } = createLog()
    log.apply(messageAt(at(1001)))
    log.apply(messageAt(at(1002)))
    clock.ms += 60
    log.apply(messageAt(at(1003)))
    clock.ms += 60
    const unswept = log.oldest(reader('*'))
    log.sweep(10)
    expect(log.oldest(reader('*'))).toEqual(at(1002))
    expect(at(unswept.ms, unswept.counter)).toEqual(at(1002))
  })

  it('hands out places alone, so that whoever remembers one keeps no message alive', () => {
    const { log, clock } = createLog({ maxMessagesPerAudience: 3 })
    for (let ms = 1001; ms <= 1004; ms += 1) log.apply(messageAt(at(ms)))
    const limit = { ...PAGE, limit: 1 }
    expect(log.head).toEqual(at(1004))
    expect(log.read(reader('*'), START, PAGE).position).toEqual(at(1004))
    expect(log.read(reader('*'), START, limit).position).toEqual(at(1002))
    expect(log.anchor(reader('*'), at(1003))).toEqual(at(1003))
    expect(log.oldest(reader('t:other'))).toEqual(at(1004))
    clock.ms += 100
    expect(lastOf(log.survey(reader('*'), START).losses)?.position).toEqual(at(1004))
  })
})

describe('reading', () => {
  /** How many entries one read of the five last messages looks at. */
  function lookedAt(messages: number, others: number): number {
    const { log } = createLog()
    for (let index = 0; index < messages + others; index += 1) {
      const isForReader = index % (1 + others / messages) === 0
      log.apply(messageAt(at(1001 + index), [isForReader ? 'u:ann' : `u:other${index % 100}`]))
    }
    const all = log.read(reader('u:ann'), START, { limit: 1e9, maxBytes: 1e9 }).entries
    expect(all).toHaveLength(messages)
    const after = all.at(-6)
    const spy = jest.spyOn(EntryQueue.prototype, 'at')
    const { entries } = log.read(reader('u:ann', 't:a', '*'), after!, PAGE)
    const calls = spy.mock.calls.length
    spy.mockRestore()
    expect(entries).toHaveLength(5)
    return calls
  }

  it('costs what it returns, however much the log holds for this audience or for others', () => {
    const small = lookedAt(10, 10)
    expect(lookedAt(5000, 5000)).toBe(small)
    expect(lookedAt(10, 10_000)).toBe(small)
    expect(small).toBeLessThan(40)
  })
})
