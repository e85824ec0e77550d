import { describe, expect, it } from '@jest/globals'
import { comparePositions } from '../../../shared/cursor.js'
import { at } from '../../support/entries.js'
import { ann, cursorOf, endOfTurn, Stage } from './MemoryConnection.js'

describe('a connection that opens', () => {
  it('is told who it is and where it stands, before anything else', () => {
    const stage = new Stage()
    stage.publish(1001)
    const connection = stage.open()
    expect(connection.frames).toEqual([
      {
        op: 'connected',
        protocol: 1,
        connectionId: 'c0',
        userId: 'ann',
        cursor: cursorOf(1001),
        resync: false,
        topics: [],
        denied: [],
        heartbeat: 1500,
        maxPayload: 1024,
      },
    ])
  })

  it('gets what it missed, then goes live, without a gap or a repeat', () => {
    const stage = new Stage()
    stage.publish(1001)
    stage.publish(1002)
    stage.append(1003)
    const connection = stage.open(['*'], { since: cursorOf(1001) })
    expect(connection.frames[0]).toMatchObject({ cursor: cursorOf(1001), resync: false })
    stage.append(1004)
    stage.hub.flush()
    expect(connection.told).toEqual(['connected', 'm1002-0', 'm1003-0', 'm1004-0'])
  })

  it('hears of a loss in "connected", and not again', () => {
    const stage = new Stage({ maxMessagesPerAudience: 2 })
    for (const ms of [1001, 1002, 1003, 1004]) stage.publish(ms)
    const connection = stage.open(['*'], { since: cursorOf(1001) })
    expect(connection.frames[0]).toMatchObject({
      resync: true,
      reason: 'evicted',
      cursor: cursorOf(1001),
    })
    expect(connection.told).toEqual(['connected', 'm1003-0', 'm1004-0', 'heartbeat'])
  })

  it('hears of a forced resync in "connected", and not again', () => {
    const stage = new Stage()
    stage.publish(1001)
    stage.force(1002)
    stage.publish(1003)
    const connection = stage.open(['*'], { since: cursorOf(1000) })
    expect(connection.frames[0]).toMatchObject({ resync: true, reason: 'forced' })
    expect(connection.told).toEqual(['connected', 'm1001-0', 'm1003-0', 'heartbeat'])
    const fresh = stage.open(['*'], { since: '0' })
    expect(fresh.frames[0]).toMatchObject({ resync: false })
    expect(fresh.told).toEqual(['connected', 'm1001-0', 'm1003-0'])
  })

  it('is moved behind the loss that it was told of, though nothing else is sent', () => {
    const stage = new Stage()
    stage.publish(1001)
    stage.force(1002)
    const connection = stage.open(['*'], { since: cursorOf(1001) })
    expect(connection.told).toEqual(['connected', 'heartbeat'])
    const again = stage.open(['*'], { since: String(connection.frames[1]?.cursor) })
    expect(again.frames[0]).toMatchObject({ resync: false })
  })

  it('lets others have a turn while it takes a long history', async () => {
    const stage = new Stage()
    for (let ms = 1001; ms <= 3000; ms += 1) stage.publish(ms)
    const connection = stage.open(['*'], { since: cursorOf(1000) })
    const atOnce = connection.told.length
    expect(atOnce).toBeGreaterThan(100)
    expect(atOnce).toBeLessThan(2001)
    expect(connection.isLive).toBe(false)
    await endOfTurn()
    expect(connection.told).toHaveLength(2001)
    expect(connection.isLive).toBe(true)
  })
})

describe('a live connection', () => {
  it('gets one write per turn, the same bytes as everybody else', () => {
    const stage = new Stage()
    const [a, b] = [stage.open(), stage.open(['*', 't:a'])]
    for (const ms of [1001, 1002, 1003]) stage.append(ms)
    stage.hub.flush()
    expect(a.writes).toHaveLength(2)
    expect(a.writes[1]).toBe(b.writes[1])
    expect(a.told.slice(1)).toEqual(['m1001-0', 'm1002-0', 'm1003-0'])
  })

  it('is told of a forced resync in its place', () => {
    const stage = new Stage()
    const connection = stage.open()
    stage.append(1001)
    stage.force(1002)
    stage.append(1003)
    stage.hub.flush()
    expect(connection.told).toEqual(['connected', 'm1001-0', 'resync', 'm1003-0'])
    expect(connection.frames[2]).toEqual({
      op: 'resync',
      reason: 'forced',
      cursor: cursorOf(1002),
    })
  })

  it('is told its own position by a heartbeat, not what is still to be handed out', () => {
    const stage = new Stage()
    const connection = stage.open()
    stage.append(1001)
    connection.beat()
    stage.hub.flush()
    connection.beat()
    stage.publish(1002, ['t:other'])
    connection.beat()
    const beats = connection.frames.filter(({ op }) => op === 'heartbeat')
    expect(beats.map(({ cursor }) => cursor)).toEqual([1000, 1001, 1002].map(cursorOf))
  })

  it('is told of a loss where its messages expired before they could be handed out', () => {
    const stage = new Stage()
    const connection = stage.open()
    stage.append(1001)
    stage.clock.ms += 1000
    stage.hub.flush()
    stage.publish(1002)
    expect(connection.told).toEqual(['connected', 'resync', 'm1002-0'])
    expect(connection.frames[1]).toEqual({
      op: 'resync',
      reason: 'lagged',
      cursor: cursorOf(1000),
    })
  })

  it('is written nothing once it has closed', () => {
    const stage = new Stage()
    const connection = stage.open()
    connection.close()
    stage.publish(1001)
    connection.beat()
    connection.say('drain', {})
    expect(connection.told).toEqual(['connected'])
  })

  it('that throws is dropped, and touches nobody', () => {
    const stage = new Stage()
    const [bad, other] = [stage.open(), stage.open()]
    bad.hasRoom = () => {
      throw new Error('EPIPE')
    }
    stage.publish(1001)
    expect(other.told).toEqual(['connected', 'm1001-0'])
    expect([bad.isDestroyed, stage.hub.size, stage.faults.length]).toEqual([true, 1, 1])
  })
})

describe('the rights of a connection', () => {
  it('replaced: what it may no longer read ends, what is new begins here', () => {
    const stage = new Stage()
    const connection = stage.open(['u:ann', 't:a', 't:b'])
    stage.publish(1001, ['r:ops'])
    stage.append(1002, ['t:a'])
    const roles = ['ops']
    connection.become({ ...ann, roles }, ['u:ann', 'r:ops', 't:b'])
    for (const [ms, key] of [
      [1003, 't:a'],
      [1004, 'r:ops'],
      [1005, 't:b'],
      [1006, 'u:ann'],
    ] as const) {
      stage.publish(ms, [key])
    }
    expect(connection.told.slice(1)).toEqual(['m1004-0', 'm1005-0', 'm1006-0'])
    expect(connection.principal.roles).toEqual(roles)
    expect([...connection.reading.keys()].sort()).toEqual(['r:ops', 't:b', 'u:ann'])
  })

  it('added while it is live begin at the head', () => {
    const stage = new Stage()
    const connection = stage.open(['u:ann'])
    stage.append(1001, ['t:a'])
    stage.append(1002, ['u:ann'])
    const here = connection.addAudiences(['t:a'])
    expect(comparePositions(here, at(1002))).toBe(0)
    stage.publish(1003, ['t:a'])
    expect(connection.told.slice(1)).toEqual(['m1002-0', 'm1003-0'])
  })

  it('added while it is behind begin at its own position, forced resyncs included', () => {
    const stage = new Stage()
    stage.publish(1001, ['t:a'])
    stage.force(1002, ['t:a'])
    const connection = stage.open(['*'], { since: cursorOf(1000), hasRoom: false })
    const here = connection.addAudiences(['t:a'])
    expect(comparePositions(here, at(1000))).toBe(0)
    connection.hasRoom = () => true
    connection.roomAgain()
    expect(connection.told).toEqual(['connected', 'm1001-0', 'resync'])
  })
})
