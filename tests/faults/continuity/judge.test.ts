// The judge sees what it is there to see: each of these is a flawless account with one thing wrong.

import { beforeEach, describe, expect, it } from '@jest/globals'
import { judge } from './judge.js'
import { Ledger } from './Ledger.js'
import { ReaderRecord } from './ReaderRecord.js'

const TOPIC = 'a'
const at = (ms: number, epoch = 'epoch1') => `${ms}-0.${epoch}`

let ledger: Ledger
let reader: ReaderRecord

beforeEach(() => {
  ledger = new Ledger()
  reader = new ReaderRecord('ann', [TOPIC])
  reader.position(at(0))
})

/** The next message; acknowledged, where it is not said otherwise. */
function publish(topic = TOPIC, epoch = 'epoch1') {
  const publication = ledger.add(topic)
  const { n } = publication
  const message = { n, id: `id${n}`, cursor: at(n + 1, epoch), payload: { n } }
  ledger.settle(publication, 'acknowledged', message)
  return message
}

const faults = () => [
  ...new Set(judge(ledger, [reader]).violations.map(({ fault }) => fault.split(':')[0])),
]
const figures = () => judge(ledger, [reader]).figures

describe('an account without a fault', () => {
  it('is one in which all came once and in order', () => {
    for (let i = 0; i < 5; i += 1) reader.message(publish())
    reader.position(at(5))
    expect(faults()).toEqual([])
    expect(figures()).toMatchObject({ acknowledged: 5, lost: 0, twice: 0, deliveries: 5 })
  })

  it('owes nothing that is for others, or was published before it began', () => {
    publish('b')
    const late = new ReaderRecord('bob', [TOPIC])
    publish()
    late.position(at(1))
    expect(judge(ledger, [late]).violations).toEqual([])
  })

  it('may have what nobody acknowledged, once or not at all', () => {
    const [first, second] = [publish(), publish()]
    ledger.settle(ledger.publications[0]!, 'cut')
    ledger.settle(ledger.publications[1]!, 'unavailable')
    reader.message(first)
    expect(faults()).toEqual([])
    expect(figures()).toMatchObject({
      acknowledged: 0,
      cut: { count: 1, applied: 1 },
      unavailable: { count: 1, applied: 0 },
    })
    expect(second.n).toBe(1)
  })

  it('may miss what a resync told of', () => {
    const [, third] = [publish(), publish()]
    reader.resync('lagged', at(1))
    reader.message(third)
    expect(faults()).toEqual([])
    expect(figures()).toMatchObject({ lost: 0, excused: 1, resyncs: { lagged: 1 } })
  })

  it('may have what was cut, whatever a later try of it was told', () => {
    const first = publish()
    const [publication] = ledger.publications
    ledger.settle(publication!, 'cut')
    ledger.settle(publication!, 'unavailable')
    reader.message({ ...first, cursor: at(Date.now() + 10_000) })
    expect(faults()).toEqual([])
    expect(figures()).toMatchObject({ cut: { count: 1, applied: 1 }, unavailable: { count: 0 } })
  })

  it('may have a message in two places of an epoch that has ended in a loss', () => {
    const first = publish()
    reader.message({ ...first, id: 'another', cursor: at(7) })
    expect(faults()).toEqual(['bent'])
    reader.resync('epoch', at(0, 'epoch2'))
    expect(faults()).toEqual([])
  })

  it('goes on in another epoch, from its oldest, when it was told', () => {
    const [first] = [publish(), publish()]
    reader.message(first)
    reader.resync('epoch', at(0, 'epoch2'))
    reader.message({ ...first, cursor: at(1, 'epoch2') })
    reader.message(publish(TOPIC, 'epoch2'))
    expect(faults()).toEqual([])
    expect(figures()).toMatchObject({ lost: 0, excused: 1, epochs: 2 })
  })
})

describe('noticed is', () => {
  it('a loss', () => {
    const [first, , third] = [publish(), publish(), publish()]
    reader.message(first)
    reader.message(third)
    expect(faults()).toEqual(['lost'])
  })

  it('a loss at the end', () => {
    reader.message(publish())
    publish()
    expect(faults()).toEqual(['lost'])
  })

  it('a loss that a resync came too early for, or too late', () => {
    reader.resync('lagged', at(0))
    publish()
    const second = publish()
    reader.message(second)
    reader.resync('lagged', second.cursor)
    expect(faults()).toEqual(['lost'])
  })

  it('a loss behind the place in another epoch where the reader went on', () => {
    const message = publish(TOPIC, 'epoch2')
    reader.resync('epoch', at(0, 'epoch2'))
    reader.position(message.cursor)
    expect(faults()).toEqual(['lost'])
  })

  it('a forced resync told of no loss', () => {
    publish()
    reader.resync('forced', at(1))
    expect(faults()).toEqual(['lost'])
  })

  it('a repeat, by its number and by its place', () => {
    const message = publish()
    reader.message(message)
    reader.message({ ...message, cursor: at(9) })
    expect(faults()).toEqual(['twice', 'bent'])
  })

  it('one publication that is in the log as two', () => {
    const message = publish()
    ledger.settle(ledger.publications[0]!, 'cut')
    const other = new ReaderRecord('bob', [TOPIC])
    other.position(at(0))
    other.message(message)
    reader.message({ ...message, id: 'other', cursor: at(2) })
    expect(judge(ledger, [other, reader]).violations.map(({ fault }) => fault)).toEqual([
      'twice: published once, and in the log as two',
    ])
  })

  it('another order', () => {
    const [first, second] = [publish(), publish()]
    reader.message(second)
    reader.message(first)
    expect(faults()).toEqual(['backwards'])
  })

  it('a position before an earlier one', () => {
    const message = publish()
    reader.message(message)
    reader.position(at(0))
    expect(faults()).toEqual(['backwards'])
  })

  it('another epoch of which nobody spoke', () => {
    reader.position(at(1, 'epoch2'))
    expect(faults()).toEqual(['silent'])
  })

  it('another epoch of which a resync spoke that was for something else', () => {
    reader.resync('lagged')
    reader.position(at(1, 'epoch2'))
    expect(faults()).toEqual(['silent'])
  })

  it('an epoch that comes back', () => {
    reader.resync('epoch', at(1, 'epoch2'))
    reader.resync('epoch', at(1))
    expect(faults()).toEqual(['backwards'])
  })

  it('a word of another epoch where it is the same', () => {
    reader.resync('epoch', at(1))
    expect(faults()).toEqual(['false alarm'])
  })

  it('what was refused', () => {
    reader.message(publish())
    ledger.settle(ledger.publications[0]!, 'refused')
    expect(faults()).toEqual(['refused, and in the log'])
  })

  it('what was applied after its 503', () => {
    const message = publish()
    ledger.settle(ledger.publications[0]!, 'unavailable')
    reader.message({ ...message, cursor: at(Date.now() + 500) })
    expect(faults()).toEqual(['late'])
  })

  it('a message before another one that was in the log before it was sent', () => {
    const [first, second] = [publish(), publish()]
    ledger.settle(ledger.publications[0]!, 'acknowledged', second)
    ledger.publications[0]!.answeredAt = ledger.publications[1]!.sentAt - 1
    ledger.settle(ledger.publications[1]!, 'acknowledged', first)
    const { violations } = judge(ledger, [])
    expect(violations.map(({ fault }) => fault.split(':')[0])).toEqual(['overtaken'])
  })

  it('what is for others, and what nobody published', () => {
    reader.message(publish('b'))
    reader.message({ id: 'x', cursor: at(9), payload: { n: 77 } })
    expect(judge(ledger, [reader]).violations.map(({ fault }) => fault.split(':')[0])).toEqual([
      'foreign',
      'foreign',
    ])
  })
})
