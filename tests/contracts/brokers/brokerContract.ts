// What every broker promises, whatever is behind it. A new broker is one more line that runs it.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Broker, BrokerSink, Publication } from '../../../server/brokers/Broker.js'
import type { Entry } from '../../../server/brokers/Entry.js'
import {
  comparePositions,
  formatCursor,
  type Position,
  parseCursor,
} from '../../../shared/cursor.js'

interface BrokerSettings {
  readonly idempotencyTtlMs: number
  readonly maxIdempotencyKeys: number
}

export interface BrokerUnderTest {
  readonly broker: Broker
  /** Lets at least this much time pass, as the broker's idempotency keys see it. */
  passTime(ms: number): void | Promise<void>
}

export type CreateBroker = (settings: BrokerSettings) => BrokerUnderTest | Promise<BrokerUnderTest>

/** All that a broker handed over, in order. */
export class RecordingSink implements BrokerSink {
  readonly calls: string[] = []
  readonly entries: Entry[] = []
  epoch = ''
  start: Position | undefined

  begin(epoch: string, start: Position): void {
    this.calls.push('begin')
    this.epoch = epoch
    this.start = start
  }

  apply(entry: Entry): void {
    this.calls.push('apply')
    this.entries.push(entry)
  }

  began(): void {
    this.calls.push('began')
  }

  lose(): void {
    this.calls.push('lose')
  }

  count(): number {
    return 0
  }

  get ids(): string[] {
    return this.entries.map(({ json }) => JSON.parse(json).id)
  }
}

/** A publication of one message for each id. */
export function publicationOf(
  ids: readonly string[],
  idempotency?: { key: string; fingerprint: string },
): Publication {
  const items = ids.map((id) => ({
    kind: 'message' as const,
    id,
    type: 'test',
    audience: ['u:ann'],
    userId: 'ann',
  }))
  return { items, idempotency }
}

const keyed = (id: string, key = 'ann\nk1', fingerprint = 'f1') =>
  publicationOf([id], { key, fingerprint })

export function brokerContract(name: string, createBroker: CreateBroker): void {
  describe(`${name} as a broker`, () => {
    let broker: Broker
    let passTime: BrokerUnderTest['passTime']
    let sink: RecordingSink

    beforeEach(async () => {
      const settings = { idempotencyTtlMs: 1000, maxIdempotencyKeys: 4 }
      ;({ broker, passTime } = await createBroker(settings))
      sink = new RecordingSink()
      await broker.start(sink)
    })
    afterEach(() => broker.close())

    const rejects = (append: Promise<unknown>, code: string) =>
      expect(append).rejects.toEqual(expect.objectContaining({ name: 'SyncError', code }))

    it('names the epoch before the first entry, once, by a start that is before it', async () => {
      await broker.append([publicationOf(['a', 'b'])])
      expect(sink.calls).toEqual(['begin', 'began', 'apply', 'apply'])
      expect(sink.epoch).toMatch(/^[a-z0-9]{6,16}$/)
      expect(comparePositions(sink.start!, sink.entries[0]!)).toBeLessThan(0)
    })

    it('has handed over all of it, in order, when an append resolves', async () => {
      const receipts = await broker.append([publicationOf(['a', 'b']), publicationOf(['c'])])
      expect(sink.ids).toEqual(['a', 'b', 'c'])
      expect(receipts.map(({ ids, isDuplicate }) => [ids, isDuplicate])).toEqual([
        [['a', 'b'], false],
        [['c'], false],
      ])
      for (const [index, { cursor, position }] of receipts.entries()) {
        const last = sink.entries[index + 1]!
        expect(cursor).toBe(last.cursor)
        expect(comparePositions(position, last)).toBe(0)
      }
    })

    it('keeps the order of appends that are made one after the other without waiting', async () => {
      const ids = Array.from({ length: 50 }, (_, index) => `m${index}`)
      await Promise.all(ids.map((id) => broker.append([publicationOf([id])])))
      expect(sink.ids).toEqual(ids)
    })

    it('gives positions that rise, and cursors that say them', async () => {
      for (let round = 0; round < 5; round += 1) {
        await broker.append([publicationOf(['a', 'b']), publicationOf(['c'])])
      }
      let last = sink.start!
      for (const entry of sink.entries) {
        expect(comparePositions(entry, last)).toBeGreaterThan(0)
        expect(entry.cursor).toBe(formatCursor(entry, sink.epoch))
        expect(parseCursor(entry.cursor)).toMatchObject({ ms: entry.ms, epoch: sink.epoch })
        last = entry
      }
    })

    it('encodes a message as the wire has it, with its cursor and that millisecond', async () => {
      await broker.append([
        {
          items: [
            {
              kind: 'message',
              id: 'a',
              type: 'data.updated',
              payloadJson: '{"__proto__":{"n":1},"text":"ü\\n"}',
              userId: 'ann',
              roles: ['ops'],
              topics: ['news'],
              audience: ['u:ann'],
            },
            { kind: 'message', id: 'b', type: 'test', audience: ['*'] },
          ],
        },
      ])
      const [full, bare] = sink.entries
      expect(full).toMatchObject({ kind: 'message', audience: ['u:ann'] })
      expect(full!.json).toContain('"payload":{"__proto__":{"n":1},"text":"ü\\n"}')
      const { payload: _, ...rest } = JSON.parse(full!.json)
      expect(rest).toEqual({
        id: 'a',
        type: 'data.updated',
        timestamp: full!.ms,
        cursor: full!.cursor,
        userId: 'ann',
        roles: ['ops'],
        topics: ['news'],
      })
      expect(JSON.parse(bare!.json)).toEqual({
        id: 'b',
        type: 'test',
        timestamp: bare!.ms,
        cursor: bare!.cursor,
      })
    })

    it('hands over a forced resync as an entry in its place', async () => {
      const [receipt] = await broker.append([
        { items: [{ kind: 'resync', audience: ['t:a', 't:b'] }] },
      ])
      const [entry] = sink.entries
      expect(entry).toMatchObject({ kind: 'resync', audience: ['t:a', 't:b'], json: '' })
      expect(receipt).toMatchObject({ ids: [], cursor: entry!.cursor, isDuplicate: false })
    })

    describe('with an idempotency key', () => {
      it('publishes the same content once, and answers what became of the first', async () => {
        const [first] = await broker.append([keyed('a')])
        await broker.append([publicationOf(['between'])])
        const [second] = await broker.append([keyed('b')])
        expect(second).toEqual({ ...first, isDuplicate: true })
        expect(sink.ids).toEqual(['a', 'between'])
      })

      it('refuses other content, with nothing applied', async () => {
        await broker.append([keyed('a')])
        const other = keyed('b', 'ann\nk1', 'f2')
        await rejects(
          broker.append([publicationOf(['x']), other, keyed('y', 'k2')]),
          'idempotency_conflict',
        )
        expect(sink.ids).toEqual(['a'])
        const [later] = await broker.append([keyed('y', 'k2')])
        expect(later).toMatchObject({ isDuplicate: false })
      })

      it('treats a key twice in one append by the same rules, in order', async () => {
        const receipts = await broker.append([keyed('a'), publicationOf(['x']), keyed('b')])
        expect(receipts.map(({ ids, isDuplicate }) => [ids[0], isDuplicate])).toEqual([
          ['a', false],
          ['x', false],
          ['a', true],
        ])
        expect(receipts[2]!.cursor).toBe(receipts[0]!.cursor)
        expect(sink.ids).toEqual(['a', 'x'])
        const clash = [keyed('c', 'k2'), keyed('d', 'k2', 'f2')]
        await rejects(broker.append(clash), 'idempotency_conflict')
        expect(sink.ids).toEqual(['a', 'x'])
      })

      it('keeps keys apart, and makes nothing of messages without one', async () => {
        await broker.append([keyed('a', 'ann\nk'), keyed('b', 'bob\nk')])
        await broker.append([publicationOf(['c'])])
        await broker.append([publicationOf(['c'])])
        expect(sink.ids).toEqual(['a', 'b', 'c', 'c'])
      })

      it('answers concurrent appends of one key with one message', async () => {
        const ids = ['a', 'b', 'c', 'd']
        const receipts = await Promise.all(ids.map((id) => broker.append([keyed(id)])))
        expect(sink.ids).toHaveLength(1)
        expect(new Set(receipts.map(([receipt]) => receipt!.cursor)).size).toBe(1)
        expect(receipts.filter(([receipt]) => !receipt!.isDuplicate)).toHaveLength(1)
      })

      it('remembers all messages of one publication under one key', async () => {
        const several = (ids: string[]) => publicationOf(ids, { key: 'k', fingerprint: 'f' })
        const [first] = await broker.append([several(['a', 'b'])])
        const [second] = await broker.append([several(['c', 'd'])])
        expect(second).toEqual({ ...first, isDuplicate: true })
        expect(second!.ids).toEqual(['a', 'b'])
      })

      it('remembers a key for its time, and no longer', async () => {
        await broker.append([keyed('a')])
        await passTime(600)
        expect(await broker.append([keyed('b')])).toMatchObject([{ isDuplicate: true }])
        await passTime(600)
        expect(await broker.append([keyed('c', 'ann\nk1', 'f2')])).toMatchObject([
          { ids: ['c'], isDuplicate: false },
        ])
        expect(sink.ids).toEqual(['a', 'c'])
      })

      it('refuses new keys at its bound rather than forget one, with nothing applied', async () => {
        for (const key of ['k1', 'k2', 'k3']) await broker.append([keyed(key, key)])
        const tooMany = [publicationOf(['x']), keyed('k4', 'k4'), keyed('k5', 'k5')]
        await rejects(broker.append(tooMany), 'unavailable')
        expect(sink.ids).toEqual(['k1', 'k2', 'k3'])
        await broker.append([keyed('k4', 'k4')])
        await rejects(broker.append([keyed('k5', 'k5')]), 'unavailable')
        expect(await broker.append([keyed('again', 'k1')])).toMatchObject([
          { ids: ['k1'], isDuplicate: true },
        ])
        await broker.append([publicationOf(['without'])])
        await passTime(1200)
        await broker.append([keyed('k5', 'k5')])
        expect(sink.ids).toEqual(['k1', 'k2', 'k3', 'k4', 'without', 'k5'])
      })
    })

    it('takes nothing any more once it is closed, and says so', async () => {
      await broker.append([publicationOf(['a'])])
      await broker.close()
      await rejects(broker.append([publicationOf(['b'])]), 'unavailable')
      expect(sink.ids).toEqual(['a'])
    })
  })
}
