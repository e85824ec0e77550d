import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { at } from '../../support/entries.js'
import { endOfTurn, lineFormat, PlainConnection, Stage } from './MemoryConnection.js'

function join(stage: Stage, ...keys: string[]): PlainConnection {
  const connection = new PlainConnection(keys)
  stage.hub.add(connection)
  return connection
}

const idsIn = (text: string) => [...text.matchAll(/"id":"(\w+-\w+)"/g)].map(([, id]) => id)

describe('in one turn of the event loop the hub', () => {
  it('hands each affected connection one batch, and nothing to the others', async () => {
    const stage = new Stage()
    const [a, b, both, other] = [
      join(stage, 't:a'),
      join(stage, 't:b'),
      join(stage, 't:a', 't:b'),
      join(stage, 't:c'),
    ]
    stage.append(1001, ['t:a'])
    stage.append(1002, ['t:b'])
    stage.append(1003, ['t:a', 't:b'])
    expect(a.batches).toHaveLength(0)
    await endOfTurn()
    expect(a.texts.map(idsIn)).toEqual([['m1001-0', 'm1003-0']])
    expect(b.texts.map(idsIn)).toEqual([['m1002-0', 'm1003-0']])
    expect(both.texts.map(idsIn)).toEqual([['m1001-0', 'm1002-0', 'm1003-0']])
    expect(other.batches).toEqual([])
  })

  it('hands the same bytes to all who get the same', () => {
    const stage = new Stage()
    const connections = [join(stage, 't:a'), join(stage, 't:a', 't:x'), join(stage, 't:a')]
    stage.append(1001, ['t:a'])
    stage.append(1002, ['t:a'])
    stage.hub.flush()
    const bytes = connections.map(({ batches }) => batches[0]!.bytes(lineFormat))
    expect(new Set(bytes).size).toBe(1)
  })

  it('starts afresh: what was handed out does not come again', async () => {
    const stage = new Stage()
    const a = join(stage, 't:a')
    stage.publish(1001, ['t:a'])
    stage.publish(1002, ['t:a'])
    await endOfTurn()
    expect(a.texts.map(idsIn)).toEqual([['m1001-0'], ['m1002-0']])
  })

  it('passes over those who read the log by themselves, or stand further on', () => {
    const stage = new Stage()
    const [behind, ahead] = [join(stage, 't:a'), join(stage, 't:a')]
    behind.isLive = false
    ahead.position = at(1001)
    stage.append(1001, ['t:a'])
    stage.append(1002, ['t:a'])
    stage.hub.flush()
    expect(behind.batches).toEqual([])
    expect(ahead.texts.map(idsIn)).toEqual([['m1002-0']])
  })

  it('tells a forced resync only to those who have a position to lose', () => {
    const stage = new Stage()
    const [hearing, deaf] = [join(stage, 't:a'), join(stage, 't:a')]
    deaf.hearsForced = false
    stage.force(1001, ['t:a'])
    stage.hub.flush()
    expect(hearing.texts[0]).toMatch(/"forced"/)
    expect(deaf.batches).toEqual([])
  })

  it('does not wait for the end of a huge turn, by entries or by bytes', () => {
    const byEntries = new Stage()
    const a = join(byEntries, '*')
    for (let ms = 1001; ms <= 1499; ms += 1) byEntries.append(ms)
    expect(a.batches).toHaveLength(0)
    byEntries.append(1500)
    expect(idsIn(a.texts[0]!)).toHaveLength(500)

    const byBytes = new Stage()
    const b = join(byBytes, '*')
    const half = 'x'.repeat(1 << 16)
    byBytes.append(1001, ['*'], half)
    expect(b.batches).toHaveLength(0)
    byBytes.append(1002, ['*'], half)
    expect(idsIn(b.texts[0]!)).toHaveLength(2)
  })

  it('counts each turn by itself: a full one does not fill the next', async () => {
    const stage = new Stage()
    const a = join(stage, '*')
    for (let ms = 1001; ms <= 1500; ms += 1) stage.append(ms)
    stage.append(1501)
    expect(a.batches).toHaveLength(1)
    await endOfTurn()
    expect(a.texts.map((text) => idsIn(text).length)).toEqual([500, 1])

    const most = 'x'.repeat(120_000)
    stage.publish(1502, ['*'], most)
    stage.append(1503, ['*'], most)
    expect(a.batches).toHaveLength(3)
  })

  it('hands out nothing of a turn that outlived its messages, and sends all to the log', () => {
    const stage = new Stage()
    const [a, other] = [join(stage, '*'), join(stage, 't:a')]
    stage.append(1001)
    stage.append(1002)
    stage.clock.ms += 1000
    let standsAt = 0
    a.catchUp = () => {
      standsAt = stage.hub.flushed.ms
      a.calls.push('catchUp')
    }
    stage.hub.flush()
    expect(a.batches).toEqual([])
    expect(a.calls).toEqual(['catchUp'])
    expect(standsAt).toBe(1000)
    expect(other.calls).toEqual([])
    expect(stage.hub.flushed).toMatchObject(at(1002))
  })
})

describe('a connection that throws', () => {
  it('is dropped and reported, and the others get theirs', () => {
    const stage = new Stage()
    const [before, bad, after] = [join(stage, '*'), join(stage, '*'), join(stage, '*')]
    const fault = new Error('of its own')
    bad.deliver = () => {
      throw fault
    }
    stage.publish(1001)
    stage.publish(1002)
    expect([before.batches.length, after.batches.length]).toEqual([2, 2])
    expect(stage.faults).toEqual([fault])
    expect(bad.calls).toEqual(['destroy'])
    expect(stage.hub.size).toBe(2)
    expect(stage.hub.count(['*'])).toBe(2)
  })

  it('touches no other even if it throws once more on its way out', () => {
    const stage = new Stage()
    const [bad, after] = [join(stage, '*'), join(stage, '*')]
    bad.deliver = bad.destroy = () => {
      throw new Error('of its own')
    }
    stage.publish(1001)
    expect(after.batches).toHaveLength(1)
    expect(stage.hub.size).toBe(1)
  })
})

describe('the hub counts', () => {
  it('each connection of an audience once', () => {
    const stage = new Stage()
    join(stage, 't:a', 't:b')
    join(stage, 't:b')
    expect(stage.hub.count(['t:a'])).toBe(1)
    expect(stage.hub.count(['t:b'])).toBe(2)
    expect(stage.hub.count(['t:a', 't:b', 't:c'])).toBe(2)
    expect(stage.hub.count(['t:c'])).toBe(0)
    expect(stage.hub.count([])).toBe(0)
  })

  it('for a forced resync only those who hear of it', () => {
    const stage = new Stage()
    join(stage, 't:a', 't:b')
    join(stage, 't:a', 't:b').hearsForced = false
    expect(stage.hub.count(['t:a'])).toBe(2)
    expect(stage.hub.count(['t:a'], true)).toBe(1)
    expect(stage.hub.count(['t:a', 't:b'], true)).toBe(1)
  })

  it('connections by transport, until they leave', () => {
    const stage = new Stage()
    const gone = new PlainConnection(['*'], 'sse')
    stage.hub.add(gone)
    stage.hub.add(new PlainConnection(['*'], 'longPoll'))
    stage.hub.add(new PlainConnection(['*'], 'sse'))
    expect(stage.hub.countByTransport()).toEqual({ websocket: 0, sse: 2, longPoll: 1 })
    stage.hub.remove(gone)
    stage.hub.remove(gone)
    expect(stage.hub.countByTransport()).toEqual({ websocket: 0, sse: 1, longPoll: 1 })
    expect([stage.hub.size, stage.hub.count(['*'])]).toEqual([2, 2])
  })

  it('audiences that are added and removed, and hands out accordingly', () => {
    const stage = new Stage()
    const a = join(stage, 't:a')
    stage.hub.addAudiences(a, [['t:b', at(1000)]])
    stage.hub.removeAudiences(a, ['t:a', 't:never'])
    expect([stage.hub.count(['t:a']), stage.hub.count(['t:b'])]).toEqual([0, 1])
    expect([...a.reading.keys()]).toEqual(['t:b'])
    stage.publish(1001, ['t:a'])
    stage.publish(1002, ['t:b'])
    expect(a.texts.map(idsIn)).toEqual([['m1002-0']])
  })
})

describe('heartbeats', () => {
  beforeEach(() => {
    jest.useFakeTimers()
  })
  afterEach(() => {
    jest.useRealTimers()
  })

  it('come to every connection at least once per interval, spread over it', () => {
    const stage = new Stage()
    const connections = Array.from({ length: 40 }, () => join(stage, '*'))
    stage.hub.start()
    jest.advanceTimersByTime(100)
    const early = connections.filter(({ calls }) => calls.length > 0).length
    expect(early).toBeGreaterThan(0)
    expect(early).toBeLessThan(10)
    jest.advanceTimersByTime(1400)
    for (const { calls } of connections) expect(calls.length).toBeGreaterThanOrEqual(1)
    for (const { calls } of connections) expect(calls.length).toBeLessThanOrEqual(2)
    stage.hub.stop()
    const before = connections.map(({ calls }) => calls.length)
    jest.advanceTimersByTime(10_000)
    expect(connections.map(({ calls }) => calls.length)).toEqual(before)
  })

  it('no longer come to one that has left, nor does a bad one stop them', () => {
    const stage = new Stage()
    const [gone, bad, other] = [join(stage, '*'), join(stage, '*'), join(stage, '*')]
    bad.beat = () => {
      throw new Error('of its own')
    }
    stage.hub.remove(gone)
    stage.hub.start()
    jest.advanceTimersByTime(4500)
    stage.hub.stop()
    expect(gone.calls).toEqual([])
    expect(bad.calls).toEqual(['destroy'])
    expect(other.calls.length).toBeGreaterThanOrEqual(3)
  })
})
