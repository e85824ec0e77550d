import { describe, expect, it } from '@jest/globals'
import { parseSince } from '../../../shared/cursor.js'
import { cursorOf, endOfTurn, type MemoryConnection, Stage } from './MemoryConnection.js'

/** Subscribes as a transport does: the answer is the connection's own `ok`. */
function subscribe(connection: MemoryConnection, topics: readonly string[], since: string): void {
  connection.addAudiencesSince(topics, parseSince(since)!, (cursor, reason) =>
    connection.say('ok', { cursor, reason }),
  )
}

const catchupIds = (connection: MemoryConnection) =>
  connection.frames.filter(({ catchup }) => catchup).map(({ message }) => message.id)

describe('a topic that is added with a since', () => {
  it('sends what it holds after it first, as catch-up, then ok, then goes live', () => {
    const stage = new Stage()
    const connection = stage.open(['*'])
    for (const ms of [1001, 1002, 1003]) stage.publish(ms, ['t:a'])
    subscribe(connection, ['t:a'], cursorOf(1001))
    stage.publish(1004, ['t:a'])
    expect(connection.told).toEqual(['connected', 'm1002-0', 'm1003-0', 'ok', 'm1004-0'])
    expect(catchupIds(connection)).toEqual(['m1002-0', 'm1003-0'])
    expect(connection.frames[3]).toEqual({ op: 'ok', cursor: cursorOf(1003) })
  })

  it('leaves out what this connection was already sent', () => {
    const stage = new Stage()
    const connection = stage.open(['*', 't:b'])
    stage.publish(1001, ['t:a'])
    stage.publish(1002, ['t:a', 't:b'])
    stage.publish(1003, ['t:b'])
    subscribe(connection, ['t:a'], cursorOf(1000))
    expect(connection.told).toEqual(['connected', 'm1002-0', 'm1003-0', 'm1001-0', 'ok'])
    subscribe(connection, ['t:a'], cursorOf(1000))
    expect(connection.told.slice(5)).toEqual(['ok'])
  })

  it('leaves it out also where the topic was dropped in between, and sends what came then', () => {
    const stage = new Stage()
    const connection = stage.open(['*', 't:a'])
    stage.publish(1001, ['t:a'])
    connection.removeAudiences(['t:a'])
    stage.publish(1002, ['t:a'])
    subscribe(connection, ['t:a'], cursorOf(1000))
    expect(connection.told).toEqual(['connected', 'm1001-0', 'm1002-0', 'ok'])
  })

  it('sends what was for the connection too, but before its time', () => {
    const stage = new Stage()
    stage.publish(1001, ['t:a', '*'])
    const connection = stage.open(['*'])
    subscribe(connection, ['t:a'], cursorOf(1000))
    expect(connection.told).toEqual(['connected', 'm1001-0', 'ok'])
  })

  it('hands out first what the turn holds, so that the answer names the head', () => {
    const stage = new Stage()
    const connection = stage.open(['*'])
    stage.append(1001, ['*'])
    stage.append(1002, ['t:a'])
    subscribe(connection, ['t:a'], cursorOf(1000))
    expect(connection.told).toEqual(['connected', 'm1001-0', 'm1002-0', 'ok'])
    expect(connection.frames[3].cursor).toBe(cursorOf(1002))
  })

  it('does not move the position: a heartbeat in between tells what it was', () => {
    const stage = new Stage()
    const connection = stage.open(['*'])
    for (let ms = 1001; ms <= 1150; ms += 1) stage.publish(ms, ['t:a'])
    connection.hasRoom = () => false
    subscribe(connection, ['t:a'], cursorOf(1000))
    expect(catchupIds(connection)).toHaveLength(100)
    expect(stage.log.cursorAt(connection.position)).toBe(cursorOf(1150))
  })

  it('keeps what is live waiting until the last page of it and the answer are sent', () => {
    const stage = new Stage()
    const connection = stage.open(['*'])
    for (let ms = 1001; ms <= 1150; ms += 1) stage.publish(ms, ['t:a'])
    connection.hasRoom = () => false
    subscribe(connection, ['t:a'], cursorOf(1000))
    stage.publish(1151, ['*'])
    stage.publish(1152, ['t:a'])
    expect(connection.told).not.toContain('ok')
    connection.hasRoom = () => true
    connection.roomAgain()
    expect(catchupIds(connection)).toHaveLength(150)
    expect(connection.told.slice(-3)).toEqual(['ok', 'm1151-0', 'm1152-0'])
  })

  it('reads on in later turns where it holds much', async () => {
    const stage = new Stage()
    const connection = stage.open(['*'])
    for (let ms = 1001; ms <= 3000; ms += 1) stage.publish(ms, ['t:a'])
    subscribe(connection, ['t:a'], cursorOf(1000))
    expect(connection.told).not.toContain('ok')
    await endOfTurn()
    expect(catchupIds(connection)).toHaveLength(2000)
    expect(connection.told.at(-1)).toBe('ok')
  })

  it('goes up to the own position of a connection that is behind; the rest comes in order', () => {
    const stage = new Stage()
    const connection = stage.open(['*'])
    stage.publish(1001, ['t:a'])
    connection.hasRoom = () => false
    stage.publish(1002, ['*'])
    stage.publish(1003, ['t:a'])
    stage.publish(1004, ['*'])
    subscribe(connection, ['t:a'], cursorOf(1000))
    connection.hasRoom = () => true
    connection.roomAgain()
    expect(connection.told).toEqual(['connected', 'm1002-0', 'm1001-0', 'ok', 'm1003-0', 'm1004-0'])
    expect(connection.frames[3].cursor).toBe(cursorOf(1002))
    expect(catchupIds(connection)).toEqual(['m1001-0'])
  })

  it('added twice, one after the other, answers in order', () => {
    const stage = new Stage()
    const connection = stage.open(['*'])
    stage.publish(1001, ['t:b'])
    stage.publish(1002, ['t:a'])
    connection.hasRoom = () => false
    connection.say('full', {})
    subscribe(connection, ['t:a'], '0')
    subscribe(connection, ['t:b'], '0')
    connection.hasRoom = () => true
    connection.roomAgain()
    expect(connection.told.slice(2)).toEqual(['m1002-0', 'ok', 'm1001-0', 'ok'])
  })

  it('and dropped meanwhile sends no more, and still answers', () => {
    const stage = new Stage()
    const connection = stage.open(['*'])
    for (let ms = 1001; ms <= 1150; ms += 1) stage.publish(ms, ['t:a'])
    connection.hasRoom = () => false
    subscribe(connection, ['t:a'], cursorOf(1000))
    connection.removeAudiences(['t:a'])
    connection.hasRoom = () => true
    connection.roomAgain()
    expect(catchupIds(connection)).toHaveLength(100)
    expect(connection.told.at(-1)).toBe('ok')
  })
})

describe('the answer to a topic that is added with a since', () => {
  const reasonOf = (connection: MemoryConnection) =>
    connection.frames.find(({ op }) => op === 'ok').reason

  it('says what was lost, which is not told again', () => {
    const stage = new Stage({ maxMessagesPerAudience: 1 })
    const connection = stage.open(['*'])
    for (const ms of [1001, 1002, 1003]) stage.publish(ms, ['t:a'])
    subscribe(connection, ['t:a'], cursorOf(1001))
    stage.publish(1004, ['*'])
    expect(connection.told).toEqual(['connected', 'm1003-0', 'ok', 'm1004-0'])
    expect(reasonOf(connection)).toBe('evicted')
  })

  it('says that a resync was forced, which is not told in its place', () => {
    const stage = new Stage()
    const connection = stage.open(['*'])
    stage.force(1001, ['t:a'])
    stage.publish(1002, ['t:a'])
    subscribe(connection, ['t:a'], cursorOf(1000))
    expect(connection.told).toEqual(['connected', 'm1002-0', 'ok'])
    expect(reasonOf(connection)).toBe('forced')
  })

  it('says "epoch" to a foreign cursor, and everything retained comes', () => {
    const stage = new Stage()
    const connection = stage.open(['*'])
    stage.publish(1001, ['t:a'])
    subscribe(connection, ['t:a'], '1001-0.epoch9')
    expect(connection.told).toEqual(['connected', 'm1001-0', 'ok'])
    expect(reasonOf(connection)).toBe('epoch')
  })

  it.each(['0', 'now'])('to %s, which had no position to lose, says none', (since) => {
    const stage = new Stage({ maxMessagesPerAudience: 1 })
    const connection = stage.open(['*'])
    stage.publish(1001, ['t:a'])
    stage.force(1002, ['t:a'])
    stage.publish(1003, ['t:a'])
    subscribe(connection, ['t:a'], since)
    expect(reasonOf(connection)).toBeUndefined()
    expect(catchupIds(connection)).toEqual(since === '0' ? ['m1003-0'] : [])
  })
})

/** What it is told once its medium takes bytes again. */
function restOf(connection: MemoryConnection) {
  const { length } = connection.told
  connection.hasRoom = () => true
  connection.roomAgain()
  return connection.told.slice(length)
}

describe('a message that one topic has lost and another still holds', () => {
  it('is sent by the other, where the first had lost it before the connection came', () => {
    const stage = new Stage({ maxMessagesPerAudience: 1 })
    stage.publish(1001, ['*'])
    stage.publish(1002, ['t:a', 't:b'])
    stage.publish(1003, ['t:a'])
    const connection = stage.open(['*', 't:a'], { since: '0' })
    subscribe(connection, ['t:b'], cursorOf(1001))
    expect(connection.told).toEqual(['connected', 'm1001-0', 'm1003-0', 'm1002-0', 'ok'])
  })

  it('is sent by the other, where the connection lagged; what came before is not repeated', () => {
    const stage = new Stage({ maxMessagesPerAudience: 2 })
    const connection = stage.open(['*', 't:a'])
    stage.publish(1001, ['t:a', 't:b'])
    connection.hasRoom = () => false
    connection.say('full', {})
    stage.publish(1002, ['t:a', 't:b'])
    for (const ms of [1003, 1004]) stage.publish(ms, ['t:a'])
    expect(restOf(connection)).toEqual(['resync', 'm1003-0', 'm1004-0'])
    subscribe(connection, ['t:b'], cursorOf(1000))
    expect(connection.told.slice(-2)).toEqual(['m1002-0', 'ok'])
    expect(catchupIds(connection)).toEqual(['m1002-0'])
  })
})

describe('a topic that is added by a connection that lags behind what that topic lost', () => {
  function lagging() {
    const stage = new Stage({ maxMessagesPerAudience: 1 })
    const connection = stage.open(['*'])
    connection.hasRoom = () => false
    connection.say('full', {})
    return { stage, connection }
  }

  it('since 0 raises no alarm: there was no position to lose', () => {
    const { stage, connection } = lagging()
    stage.publish(1001, ['t:b'])
    for (const ms of [1002, 1003]) stage.publish(ms, ['t:a'])
    subscribe(connection, ['t:a', 't:b'], '0')
    expect(restOf(connection)).toEqual(['ok', 'm1001-0', 'm1003-0'])
  })

  it('since a cursor is told in its answer, and not again', () => {
    const { stage, connection } = lagging()
    for (const ms of [1001, 1002]) stage.publish(ms, ['t:a'])
    subscribe(connection, ['t:a'], cursorOf(1000))
    expect(restOf(connection)).toEqual(['ok', 'm1002-0'])
    expect(connection.frames.at(-2).reason).toBe('evicted')
  })

  it('is told what was lost since then', () => {
    const { stage, connection } = lagging()
    for (const ms of [1001, 1002]) stage.publish(ms, ['t:a'])
    subscribe(connection, ['t:a'], '0')
    stage.publish(1003, ['t:a'])
    expect(restOf(connection)).toEqual(['ok', 'resync', 'm1003-0'])
  })

  it('is told what was lost of it before, where it was read already', () => {
    const { stage, connection } = lagging()
    connection.addAudiences(['t:a'])
    for (const ms of [1001, 1002]) stage.publish(ms, ['t:a'])
    subscribe(connection, ['t:a'], '0')
    expect(restOf(connection)).toEqual(['ok', 'resync', 'm1002-0'])
  })
})
