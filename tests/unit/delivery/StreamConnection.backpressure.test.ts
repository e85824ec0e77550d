import { describe, expect, it } from '@jest/globals'
import { at } from '../../support/entries.js'
import { cursorOf, Stage } from './MemoryConnection.js'

describe('a connection whose medium is full', () => {
  it('is handed nothing, and reads on from where it stands when there is room again', () => {
    const stage = new Stage()
    const connection = stage.open()
    connection.hasRoom = () => false
    stage.publish(1001)
    expect(connection.isBlocked).toBe(true)
    for (const ms of [1002, 1003, 1004]) stage.publish(ms)
    connection.beat()
    expect(connection.writes).toHaveLength(2)
    expect(connection.position).toMatchObject(at(1001))

    connection.hasRoom = () => true
    connection.roomAgain()
    expect(connection.told.slice(1)).toEqual(['m1001-0', 'm1002-0', 'm1003-0', 'm1004-0'])
    expect([connection.isBlocked, connection.isLive]).toEqual([false, true])
    stage.publish(1005)
    expect(connection.told.at(-1)).toBe('m1005-0')
  })

  it('that can take only one page at a time takes page after page', () => {
    const stage = new Stage()
    for (let ms = 1001; ms <= 1250; ms += 1) stage.publish(ms)
    const connection = stage.open(['*'], { since: cursorOf(1000), hasRoom: false })
    const takesOnePage = () => {
      const before = connection.told.length
      connection.roomAgain()
      return connection.told.length - before
    }
    expect([takesOnePage(), takesOnePage(), takesOnePage()]).toEqual([100, 100, 50])
    stage.publish(1251)
    expect(connection.told).toHaveLength(251)
    expect([takesOnePage(), takesOnePage()]).toEqual([1, 0])
    expect(connection.isLive).toBe(true)
  })

  it('is moved behind a loss that it was told of as soon as it has taken what it missed', () => {
    const stage = new Stage()
    for (let ms = 1001; ms <= 1250; ms += 1) stage.publish(ms)
    stage.force(1251)
    const connection = stage.open(['*'], { since: cursorOf(1000), hasRoom: false })
    for (let pages = 0; pages < 3; pages += 1) connection.roomAgain()
    expect(connection.told.at(-1)).toBe('m1250-0')
    connection.roomAgain()
    expect(connection.frames.at(-1)).toEqual({ op: 'heartbeat', cursor: cursorOf(1251) })
    connection.roomAgain()
    expect(connection.told.filter((op) => op === 'heartbeat')).toHaveLength(1)
  })

  it('is told "lagged" where retention has passed it, with its own position', () => {
    const stage = new Stage({ maxMessagesPerAudience: 2 })
    const connection = stage.open()
    connection.hasRoom = () => false
    for (const ms of [1001, 1002, 1003, 1004]) stage.publish(ms)
    connection.hasRoom = () => true
    connection.roomAgain()
    expect(connection.told).toEqual(['connected', 'm1001-0', 'resync', 'm1003-0', 'm1004-0'])
    expect(connection.frames[2]).toEqual({
      op: 'resync',
      reason: 'lagged',
      cursor: cursorOf(1001),
    })
  })

  it('is told of each loss once, however many pages it reads below it', () => {
    const stage = new Stage({ maxMessagesPerAudience: 150 })
    const connection = stage.open(['t:a', 't:b'])
    connection.hasRoom = () => false
    connection.say('full', {})
    for (let ms = 1001; ms <= 1150; ms += 1) stage.publish(ms, ['t:b'])
    for (let ms = 1151; ms <= 1310; ms += 1) stage.publish(ms, ['t:a'])
    connection.hasRoom = () => true
    connection.roomAgain()
    const resyncs = () => connection.told.filter((op) => op === 'resync').length
    expect(resyncs()).toBe(1)
    expect(connection.told).toHaveLength(3 + 300)

    connection.hasRoom = () => false
    for (let ms = 1311; ms <= 1470; ms += 1) stage.publish(ms, ['t:a'])
    connection.hasRoom = () => true
    connection.roomAgain()
    expect(resyncs()).toBe(2)
  })

  it('is not told "lagged" for what others lost', () => {
    const stage = new Stage({ maxMessagesPerAudience: 2 })
    const connection = stage.open(['t:a'])
    connection.hasRoom = () => false
    stage.publish(1001, ['t:a'])
    for (const ms of [1002, 1003, 1004, 1005]) stage.publish(ms, ['t:b'])
    connection.roomAgain()
    expect(connection.told).toEqual(['connected', 'm1001-0'])
  })

  it('that throws when it takes bytes again is dropped, and touches nobody', () => {
    const stage = new Stage()
    const connection = stage.open(['*'], { hasRoom: false })
    stage.publish(1001)
    connection.hasRoom = () => {
      throw new Error('EPIPE')
    }
    connection.roomAgain()
    expect([connection.isDestroyed, stage.hub.size, stage.faults.length]).toEqual([true, 0, 1])
  })
})
