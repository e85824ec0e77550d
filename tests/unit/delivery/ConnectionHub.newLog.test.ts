// What the hub does where a log ends, another begins, or some of it never came.

import { describe, expect, it } from '@jest/globals'
import { at } from '../../support/entries.js'
import { endOfTurn, lineFormat, otherCursorOf, PlainConnection, Stage } from './MemoryConnection.js'

function join(stage: Stage, ...keys: string[]): PlainConnection {
  const connection = new PlainConnection(keys)
  stage.hub.add(connection)
  return connection
}

const textOf = ({ batches }: PlainConnection) =>
  batches.map((batch) => batch.bytes(lineFormat).toString()).join('')

describe('where another log begins, the hub', () => {
  it('hands out first what the turn held of the one before', () => {
    const stage = new Stage()
    const a = join(stage, '*')
    a.onCall = () => expect(a.batches).toHaveLength(1)
    stage.append(1001)
    stage.beginAnother()
    expect(a.calls).toEqual(['restart'])
    expect(textOf(a)).toContain('m1001-0')
  })

  it('hands out nothing of what is replayed: each connection reads it, once all is there', async () => {
    const stage = new Stage()
    const a = join(stage, '*')
    const heads: unknown[] = []
    a.onCall = () => heads.push(stage.log.head)
    stage.beginAnother([1001, 1002, 1003])
    await endOfTurn()
    expect([a.calls, a.batches, heads]).toEqual([['restart'], [], [at(1003)]])
  })

  it('stands at its head from then on, also where that is behind', () => {
    const stage = new Stage()
    stage.publish(2000)
    stage.beginAnother([1001])
    expect(stage.hub.flushed).toEqual(at(1001))
    const connection = stage.open()
    expect(connection.frames[0].cursor).toBe(otherCursorOf(1001))
  })

  it('hands out what comes in it', async () => {
    const stage = new Stage()
    const a = join(stage, '*')
    stage.beginAnother([1001])
    stage.append(1002)
    await endOfTurn()
    expect(textOf(a)).toContain('m1002-0')
    expect(textOf(a)).not.toContain('m1001-0')
  })

  it('tells all, though one of them throws', () => {
    const stage = new Stage()
    const connections = [join(stage, '*'), join(stage, '*'), join(stage, 't:a')]
    const fault = new Error('broken')
    connections[0]!.onCall = (call) => {
      if (call === 'restart') throw fault
    }
    stage.beginAnother()
    expect(connections.map(({ calls }) => calls)).toEqual([
      ['restart', 'destroy'],
      ['restart'],
      ['restart'],
    ])
    expect(stage.faults).toEqual([fault])
    expect(stage.hub.size).toBe(2)
  })

  it('goes on with all, though one of them leaves when it is told', () => {
    const stage = new Stage()
    const connections = [join(stage, '*'), join(stage, '*')]
    for (const each of connections) each.onCall = () => stage.hub.remove(each)
    stage.beginAnother()
    expect(connections.map(({ calls }) => calls)).toEqual([['restart'], ['restart']])
    expect(stage.hub.count(['*'])).toBe(0)
  })
})

describe('where entries left before they came, the hub', () => {
  it('hands out what the turn held, then lets each connection look', () => {
    const stage = new Stage()
    const a = join(stage, 't:a')
    a.onCall = () => expect(a.batches).toHaveLength(1)
    stage.append(1001, ['t:a'])
    stage.lose(1500)
    expect(a.calls).toEqual(['catchUp'])
    expect(stage.hub.flushed).toEqual(at(1500))
  })

  it('has each live connection told once, whatever it reads, and no one who comes after', () => {
    const stage = new Stage()
    const [a, b] = [stage.open(['t:a']), stage.open(['t:b'])]
    stage.publish(1001, ['t:a'])
    stage.lose(1500)
    stage.publish(1501, ['t:a', 't:b'])
    expect(a.told).toEqual(['connected', 'm1001-0', 'resync', 'm1501-0'])
    expect(b.told).toEqual(['connected', 'resync', 'm1501-0'])
    expect(a.frames[2]).toMatchObject({ reason: 'lagged' })
    const late = stage.open(['t:a'])
    expect(late.frames[0].resync).toBe(false)
  })

  it('has one whose medium is full told when there is room', () => {
    const stage = new Stage()
    const connection = stage.open()
    connection.hasRoom = () => false
    stage.publish(1001)
    stage.lose(1500)
    stage.publish(1501)
    expect(connection.told).toEqual(['connected', 'm1001-0'])
    connection.hasRoom = () => true
    connection.roomAgain()
    expect(connection.told.slice(2)).toEqual(['resync', 'm1501-0'])
  })
})
