// Another log takes the place of the one that a connection reads: it is told once, in whatever state
// it is, by a position of the new log, and gets what comes from then on.

import { describe, expect, it } from '@jest/globals'
import { parseSince } from '../../../shared/cursor.js'
import { at } from '../../support/entries.js'
import {
  cursorOf,
  endOfTurn,
  type MemoryConnection,
  otherCursorOf,
  Stage,
} from './MemoryConnection.js'

const resyncs = ({ frames }: MemoryConnection) => frames.filter(({ op }) => op === 'resync')

const resyncAtOf = (ms: number) => ({ op: 'resync', reason: 'epoch', cursor: otherCursorOf(ms) })

/** Subscribes as a transport does: the answer is the connection's own `ok`. */
function subscribe(connection: MemoryConnection, topic: string, since: string): void {
  connection.addAudiencesSince([topic], parseSince(since)!, (cursor, reason) =>
    connection.say('ok', { topic, cursor, reason }),
  )
}

describe('a live connection whose log is another one', () => {
  it('is told so once, and goes on with what comes', () => {
    const stage = new Stage()
    const connection = stage.open()
    stage.publish(1001)
    stage.beginAnother([], { start: 5000 })
    stage.publish(5001)
    expect(connection.told).toEqual(['connected', 'm1001-0', 'resync', 'm5001-0'])
    expect(resyncs(connection)).toEqual([resyncAtOf(1001)])
    expect(connection.isLive).toBe(true)
  })

  it('gets what the turn held, in the log that it stood in', () => {
    const stage = new Stage()
    const connection = stage.open()
    stage.append(1001)
    stage.beginAnother([], { start: 5000 })
    expect(connection.told).toEqual(['connected', 'm1001-0', 'resync'])
    expect(connection.frames[1].message.cursor).toBe(cursorOf(1001))
  })

  it('is sent nothing again of what the new log retained, and what is new in it', async () => {
    const stage = new Stage()
    const connection = stage.open()
    for (const ms of [1001, 1002]) stage.publish(ms)
    stage.beginAnother([1001, 1002, 1003])
    await endOfTurn()
    expect(connection.told.slice(3)).toEqual(['resync', 'm1003-0'])
    expect(resyncs(connection)).toEqual([resyncAtOf(1002)])
    expect(connection.frames.at(-1).message.cursor).toBe(otherCursorOf(1003))
  })

  it('stands at the head of a log that ends before where it stood', () => {
    const stage = new Stage()
    const connection = stage.open()
    for (const ms of [1001, 1002, 1005]) stage.publish(ms)
    stage.beginAnother([1001, 1002])
    expect(resyncs(connection)).toEqual([resyncAtOf(1002)])
    expect(connection.position).toMatchObject(at(1002))
    stage.publish(1003)
    connection.beat()
    expect(connection.told.slice(-2)).toEqual(['m1003-0', 'heartbeat'])
    expect(connection.frames.at(-1).cursor).toBe(otherCursorOf(1003))
  })

  it('is told of nothing beside: what was lost before it stood anew is said by that', () => {
    const stage = new Stage()
    const connection = stage.open()
    stage.publish(1001)
    stage.beginAnother([1500], { lostUpTo: 1400 })
    stage.publish(1501)
    expect(connection.told.slice(2)).toEqual(['resync', 'm1500-0', 'm1501-0'])
    expect(resyncs(connection)).toEqual([resyncAtOf(1001)])
  })

  it('is told again where yet another one begins', () => {
    const stage = new Stage()
    const connection = stage.open()
    stage.publish(1001)
    stage.beginAnother([1001])
    stage.beginAnother([1001])
    expect(resyncs(connection)).toHaveLength(2)
  })

  it('is told of what it loses in the new log, also below what it lost in the old one', () => {
    const stage = new Stage()
    const connection = stage.open()
    stage.lose(2000)
    stage.beginAnother()
    stage.publish(1001)
    stage.lose(1400)
    const reasons = resyncs(connection).map(({ reason }) => reason)
    expect(reasons).toEqual(['lagged', 'epoch', 'lagged'])
  })
})

describe('a connection whose medium is full when its log ends', () => {
  it('is told as soon as there is room, before anything else', () => {
    const stage = new Stage()
    const connection = stage.open()
    connection.hasRoom = () => false
    stage.publish(1001)
    stage.publish(1002)
    stage.beginAnother([1001, 1002, 1003])
    stage.publish(1004)
    expect(connection.told).toEqual(['connected', 'm1001-0'])
    connection.hasRoom = () => true
    connection.roomAgain()
    expect(connection.told.slice(2)).toEqual(['resync', 'm1002-0', 'm1003-0', 'm1004-0'])
    expect(resyncs(connection)).toEqual([resyncAtOf(1001)])
  })

  it('is told once of two logs that ended meanwhile, by a position of the last', () => {
    const stage = new Stage()
    const connection = stage.open()
    connection.hasRoom = () => false
    stage.publish(1005)
    stage.beginAnother([1001, 1002, 1003])
    stage.beginAnother([1001, 1002])
    connection.hasRoom = () => true
    connection.roomAgain()
    stage.publish(1003)
    expect(connection.told.slice(2)).toEqual(['resync', 'm1003-0'])
    expect(resyncs(connection)).toEqual([resyncAtOf(1002)])
  })

  it('reads on below where it began to read in the old one', () => {
    const stage = new Stage()
    stage.publish(2000)
    const connection = stage.open()
    connection.hasRoom = () => false
    stage.publish(2001)
    stage.beginAnother([1001])
    stage.publish(1002)
    connection.hasRoom = () => true
    connection.roomAgain()
    expect(connection.told.slice(2)).toEqual(['resync', 'm1002-0'])
  })

  it('that has no room for more than that reads on when it has', () => {
    const stage = new Stage()
    const connection = stage.open()
    connection.hasRoom = () => false
    stage.publish(1001)
    stage.beginAnother([1001, 1002])
    connection.roomAgain()
    expect(connection.told.slice(2)).toEqual(['resync'])
    connection.roomAgain()
    expect(connection.told.slice(2)).toEqual(['resync', 'm1002-0'])
  })

  it('says nothing once it is closed', () => {
    const stage = new Stage()
    const connection = stage.open()
    connection.hasRoom = () => false
    stage.publish(1001)
    connection.close()
    stage.beginAnother([1001, 1002])
    connection.roomAgain()
    expect(connection.told).toEqual(['connected', 'm1001-0'])
  })
})

describe('a connection that reads a long history when its log ends', () => {
  it('is told at its next turn, and reads on from where it stood', async () => {
    const stage = new Stage()
    const all = Array.from({ length: 2000 }, (_, n) => 1001 + n)
    for (const ms of all) stage.publish(ms)
    const connection = stage.open(['*'], { since: cursorOf(1000) })
    const inFirstTurn = connection.told.length - 1
    expect(inFirstTurn).toBeLessThan(2000)
    stage.beginAnother([...all, 3001])
    expect(connection.told).toHaveLength(inFirstTurn + 1)
    await endOfTurn()
    const expected = [...all, 3001].map((ms) => `m${ms}-0`)
    expect(connection.told).toEqual([
      'connected',
      ...expected.slice(0, inFirstTurn),
      'resync',
      ...expected.slice(inFirstTurn),
    ])
    expect(resyncs(connection)).toEqual([resyncAtOf(1000 + inFirstTurn)])
    stage.publish(3002)
    expect(connection.told.at(-1)).toBe('m3002-0')
  })
})

describe('topics that are being caught up on when the log ends', () => {
  function catchingUp() {
    const stage = new Stage()
    const connection = stage.open()
    for (let ms = 1001; ms <= 1300; ms += 1) stage.publish(ms, ['t:a'])
    stage.publish(1301, ['t:b'])
    connection.hasRoom = () => false
    connection.say('full', {})
    subscribe(connection, 't:a', cursorOf(1000))
    subscribe(connection, 't:b', cursorOf(1300))
    connection.roomAgain()
    connection.hasRoom = () => true
    return { stage, connection, before: connection.told.length }
  }

  it('are answered with "epoch" each, after the connection was told, and sent no more', () => {
    const { stage, connection, before } = catchingUp()
    stage.beginAnother([1100])
    connection.roomAgain()
    expect(connection.told.slice(before)).toEqual(['resync', 'ok', 'ok'])
    const cursor = otherCursorOf(1100)
    expect(connection.frames.slice(before + 1)).toEqual([
      { op: 'ok', topic: 't:a', cursor, reason: 'epoch' },
      { op: 'ok', topic: 't:b', cursor, reason: 'epoch' },
    ])
  })

  it('are read from there on in the new log', () => {
    const { stage, connection } = catchingUp()
    stage.beginAnother([1301])
    connection.roomAgain()
    stage.publish(1400, ['t:a'])
    stage.publish(1401, ['t:b'])
    expect(connection.told.slice(-2)).toEqual(['m1400-0', 'm1401-0'])
  })
})
