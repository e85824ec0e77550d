// Invariants of the log, held against a plain array under random traffic:
// a page equals the model's, loss is told exactly, positions never fall, an expired entry never
// comes out, and paging to the end gives what one big read gives.

import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Entry } from '../../../server/brokers/Entry.js'
import { MessageQueueService } from '../../../server/services/MessageQueueService.js'
import { lastOf } from '../../../server/services/resume.js'
import { comparePositions, type Position } from '../../../shared/cursor.js'
import { at, EPOCH, messageAt, resyncAt } from '../../support/entries.js'
import { LogModel } from './LogModel.js'

const KEYS = ['*', 'u:ann', 'r:ops', 't:news'] as const
const START = at(1000)
const TTL_MS = 100
const EVERYTHING = { limit: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY }

const audiences = fc.subarray([...KEYS], { minLength: 1 })
const appends = fc.record({
  kind: fc.constantFrom('append' as const),
  audience: audiences,
  isForced: fc.nat(9).map((dice) => dice === 0),
  size: fc.nat(300),
  msStep: fc.nat(2),
})
const waits = fc.record({ kind: fc.constantFrom('wait' as const), ms: fc.nat(60) })
const sweeps = fc.record({ kind: fc.constantFrom('sweep' as const), max: fc.nat(5) })
const reads = fc.record({
  kind: fc.constantFrom('read' as const),
  keys: audiences,
  after: fc.nat(),
  froms: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
  readsAllFromStart: fc.boolean(),
  limit: fc.integer({ min: 1, max: 4 }),
  maxBytes: fc.constantFrom(1, 400, 1e6),
  upTo: fc.option(fc.nat(), { nil: undefined }),
})
const histories = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: appends },
    { weight: 1, arbitrary: waits },
    { weight: 1, arbitrary: sweeps },
    { weight: 3, arbitrary: reads },
  ),
  { maxLength: 80 },
)
const bounds = fc.record({
  maxMessagesPerAudience: fc.integer({ min: 1, max: 12 }),
  maxBytes: fc.constantFrom(1500, 5000, 1e9),
})
type Bounds = { readonly maxMessagesPerAudience: number; readonly maxBytes: number }
type Read = typeof reads extends fc.Arbitrary<infer Value> ? Value : never
type Step = typeof histories extends fc.Arbitrary<(infer Value)[]> ? Value : never

/** The log and its model, fed with the same. */
class Twins {
  readonly log: MessageQueueService
  readonly model: LogModel
  readonly entries: Entry[] = []
  #now = 0

  constructor(given: Bounds, maxMarks = 1000) {
    const now = () => this.#now
    this.log = new MessageQueueService({ ttlMs: TTL_MS, maxMarks, now, ...given })
    this.log.begin(EPOCH, START)
    this.model = new LogModel({ ttlMs: TTL_MS, ...given }, now, START)
  }

  run(steps: readonly Step[], check: (read: Read) => void): void {
    for (const step of steps) {
      switch (step.kind) {
        case 'append':
          this.#append(step)
          break
        case 'wait':
          this.#now += step.ms
          break
        case 'sweep':
          this.log.sweep(step.max)
          break
        case 'read':
          check(step)
      }
    }
  }

  /** A position that a reader may have: the start, or any entry that ever was. */
  position(pick: number): Position {
    const index = pick % (this.entries.length + 1)
    const { ms, counter } = this.entries[index - 1] ?? START
    return { ms, counter }
  }

  reading({ keys, froms, readsAllFromStart }: Read): Map<string, Position> {
    return new Map(
      keys.map((key, index) => [key, readsAllFromStart ? START : this.position(froms[index]!)]),
    )
  }

  #append({ audience, isForced, size, msStep }: Extract<Step, { kind: 'append' }>): void {
    const { ms, counter } = this.log.head
    const position = msStep === 0 ? at(ms, counter + 1) : at(ms + msStep)
    const entry = isForced
      ? resyncAt(position, audience)
      : messageAt(position, audience, 'x'.repeat(size))
    this.log.apply(entry)
    this.model.append(entry)
    this.entries.push(entry)
  }
}

const place = (position: Position | undefined) => position && at(position.ms, position.counter)
const cursors = (entries: readonly Entry[]) => entries.map(({ cursor }) => cursor)

function underTraffic(check: (twins: Twins, read: Read) => void, maxMarks?: number): void {
  fc.assert(
    fc.property(bounds, histories, (given, steps) => {
      const twins = new Twins(given, maxMarks)
      twins.run(steps, (read) => check(twins, read))
    }),
    { numRuns: 400 },
  )
}

describe('under random traffic the log', () => {
  it('gives the page that an array of everything would give, and tells each loss exactly', () => {
    underTraffic((twins, read) => {
      const reading = twins.reading(read)
      const after = twins.position(read.after)
      const { limit, maxBytes } = read
      const upTo = read.upTo === undefined ? {} : { upTo: twins.position(read.upTo) }
      const page = twins.log.read(reading, after, { limit, maxBytes, ...upTo })
      const expected = twins.model.read(reading, after, { limit, maxBytes, ...upTo })
      expect(cursors(page.entries)).toEqual(cursors(expected.entries))
      expect(place(page.position)).toEqual(place(expected.position))
      expect(page.hasMore).toBe(expected.hasMore)
      expect(place(lastOf(page.losses)?.position)).toEqual(place(expected.lost))
    })
  })

  it('moves a reader forward with every page, until it has what one big read gives', () => {
    underTraffic((twins, read) => {
      const reading = twins.reading(read)
      const after = twins.position(read.after)
      const { limit, maxBytes } = read
      const paged: Entry[] = []
      let position = after
      for (let hasMore = true; hasMore; ) {
        const page = twins.log.read(reading, position, { limit, maxBytes })
        if (page.hasMore) expect(comparePositions(page.position, position)).toBeGreaterThan(0)
        expect(comparePositions(page.position, position)).toBeGreaterThanOrEqual(0)
        paged.push(...page.entries)
        position = page.position
        hasMore = page.hasMore
      }
      expect(cursors(paged)).toEqual(cursors(twins.log.read(reading, after, EVERYTHING).entries))
    })
  })

  it('is never silent of a loss, however few marks it may keep', () => {
    underTraffic((twins, read) => {
      const reading = twins.reading(read)
      const after = twins.position(read.after)
      const loss = lastOf(twins.log.read(reading, after, EVERYTHING).losses)
      const { lost } = twins.model.read(reading, after, EVERYTHING)
      if (lost !== undefined) {
        expect(comparePositions(loss!.position, lost)).toBeGreaterThanOrEqual(0)
      }
      expect(twins.log.size.marks).toBeLessThanOrEqual(2)
    }, 2)
  })

  it('tells of a forced resync as long as it is there, and of its loss afterwards', () => {
    underTraffic((twins, read) => {
      const reading = twins.reading(read)
      const after = twins.position(read.after)
      const { losses, isForced } = twins.log.survey(reading, after)
      const loss = lastOf(losses)
      const page = twins.log.read(reading, after, EVERYTHING)
      expect(place(loss?.position)).toEqual(place(lastOf(page.losses)?.position))
      if (page.entries.some(({ kind }) => kind === 'resync')) expect(isForced).toBe(true)
      const wasForced = twins.model.wasForcedAfter(reading, after)
      if (wasForced) expect(isForced || loss !== undefined).toBe(true)
      if (isForced) expect(wasForced).toBe(true)
    })
  })

  it('gives from its oldest position everything that it holds', () => {
    underTraffic((twins, read) => {
      const reading = new Map(read.keys.map((key) => [key, START]))
      const oldest = twins.log.oldest(reading)
      const held = twins.log.read(reading, START, EVERYTHING).entries
      expect(cursors(twins.log.read(reading, oldest, EVERYTHING).entries)).toEqual(cursors(held))
    })
  })

  it('gives from an anchor what it gives from the point in time itself, its losses included', () => {
    underTraffic((twins, read) => {
      const reading = new Map(read.keys.map((key) => [key, START]))
      const limit = at(twins.position(read.after).ms, Number.POSITIVE_INFINITY)
      const expected = twins.log.read(reading, limit, EVERYTHING)
      const page = twins.log.read(reading, twins.log.anchor(reading, limit), EVERYTHING)
      expect(cursors(page.entries)).toEqual(cursors(expected.entries))
      expect(place(lastOf(page.losses)?.position)).toEqual(place(lastOf(expected.losses)?.position))
    })
  })

  it('stays within its bounds', () => {
    fc.assert(
      fc.property(bounds, histories, (given, steps) => {
        const twins = new Twins(given, 2)
        for (const step of steps) {
          twins.run([step], () => {})
          const { bytes, audiences: count, marks } = twins.log.size
          expect(bytes).toBeLessThanOrEqual(given.maxBytes)
          expect(count).toBeLessThanOrEqual(KEYS.length)
          expect(marks).toBeLessThanOrEqual(2)
        }
      }),
    )
  })
})
