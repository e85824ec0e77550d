import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Batch } from '../../../server/delivery/Batch.js'
import type { Format } from '../../../server/delivery/Format.js'
import { Turn } from '../../../server/delivery/Turn.js'
import { at, messageAt } from '../../support/entries.js'

function countingFormat(): Format & { encoded: string[] } {
  const encoded: string[] = []
  return {
    encoded,
    entry({ cursor }) {
      encoded.push(cursor)
      return Buffer.from(`<${cursor}>`)
    },
    event: () => Buffer.alloc(0),
  }
}

const entries = Array.from({ length: 6 }, (_, index) => messageAt(at(index)))

function newTurn(): Turn {
  const turn = new Turn(entries[0]!, 0)
  for (const entry of entries.slice(1)) turn.add(entry)
  return turn
}
/** Each a run of its own. */
const runs = entries.map((entry) => [entry])

/** Hands out the runs as the hub does: each to all that want it before the next. */
function handOut(wants: readonly (readonly boolean[])[]): { turn: Turn; batches: Batch[] } {
  const turn = newTurn()
  const batches = wants.map(() => turn.empty)
  for (const [index, run] of runs.entries()) {
    for (const [reader, wanted] of wants.entries()) {
      if (wanted[index]) batches[reader] = batches[reader]!.with(run)
    }
  }
  return { turn, batches }
}

describe('the batches of a turn', () => {
  const wish = fc.array(fc.boolean(), { minLength: entries.length, maxLength: entries.length })
  const wishes = fc.array(wish, { minLength: 1, maxLength: 8 })

  it('hold what each connection wants, in order', () => {
    fc.assert(
      fc.property(wishes, (wants) => {
        const format = countingFormat()
        const { batches } = handOut(wants)
        for (const [reader, batch] of batches.entries()) {
          const wanted = entries.filter((_, index) => wants[reader]![index])
          expect(batch.bytes(format).toString()).toBe(
            wanted.map(({ cursor }) => `<${cursor}>`).join(''),
          )
          expect(batch.last).toBe(wanted.at(-1))
          expect(batch.entries).toEqual(wanted)
        }
      }),
    )
  })

  it('are the same bytes for connections that want the same', () => {
    fc.assert(
      fc.property(wishes, (wants) => {
        const format = countingFormat()
        const { batches } = handOut(wants)
        for (const [a, wantsA] of wants.entries()) {
          for (const [b, wantsB] of wants.entries()) {
            const isSame = batches[a]!.bytes(format) === batches[b]!.bytes(format)
            if (String(wantsA) === String(wantsB)) expect(isSame).toBe(true)
          }
        }
      }),
    )
  })

  it('encode each entry once per format, however many connections want it', () => {
    fc.assert(
      fc.property(wishes, (wants) => {
        const [one, other] = [countingFormat(), countingFormat()]
        const { batches } = handOut(wants)
        for (const batch of [...batches, ...batches]) {
          batch.bytes(one)
          batch.bytes(other)
        }
        const wanted = entries.filter((_, index) => wants.some((wish) => wish[index]))
        expect([...one.encoded].sort()).toEqual(wanted.map(({ cursor }) => cursor))
        expect([...other.encoded].sort()).toEqual([...one.encoded].sort())
      }),
    )
  })

  it('do not copy the bytes of a single entry', () => {
    const made: Buffer[] = []
    const format: Format = {
      entry: () => {
        made.push(Buffer.from('x'))
        return made.at(-1)!
      },
      event: () => Buffer.alloc(0),
    }
    for (const turn of [new Turn(entries[0]!, 0), newTurn()]) {
      expect(turn.empty.with([entries[0]!]).bytes(format)).toBe(made.at(-1))
    }
    expect(made).toHaveLength(2)
  })

  it('are empty where nothing is wanted', () => {
    const { empty } = newTurn()
    expect(empty.last).toBeUndefined()
    expect(empty.bytes(countingFormat())).toHaveLength(0)
  })
})
