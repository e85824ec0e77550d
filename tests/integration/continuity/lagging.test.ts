// What a lagging connection is told when it loses more than it was told of before. Each loss is
// told once, but what was lost of one audience says nothing about another.

import { describe, expect, it } from '@jest/globals'
import { cursorOf, Stage } from '../../unit/delivery/MemoryConnection.js'

/** A page holds one of these. */
const LARGE = 'x'.repeat(40_000)

describe('a connection that lags, with one audience lost far above its position', () => {
  it('is told when another loses what it has not got yet, though it began at 0', () => {
    const stage = new Stage({ maxMessagesPerAudience: 5 })
    for (let ms = 1001; ms <= 1005; ms += 1) stage.publish(ms, ['t:b'], LARGE)
    for (let ms = 1010; ms <= 1030; ms += 1) stage.publish(ms, ['t:a'], LARGE)
    const connection = stage.open(['t:a', 't:b'], { since: '0', hasRoom: false })
    connection.roomAgain()
    expect(connection.told).toEqual(['connected', 'm1001-0'])

    for (let ms = 1031; ms <= 1035; ms += 1) stage.publish(ms, ['t:b'], LARGE)
    connection.roomAgain()
    connection.roomAgain()
    expect(connection.told.slice(2, 4)).toEqual(['resync', 'm1026-0'])
  })

  it('is told when a topic that it added since loses what it has not got yet', () => {
    const stage = new Stage({ maxMessagesPerAudience: 5 })
    for (let ms = 1010; ms <= 1030; ms += 1) stage.publish(ms, ['t:a'], LARGE)
    for (let ms = 1041; ms <= 1045; ms += 1) stage.publish(ms, ['t:b'], LARGE)
    const stands = cursorOf(1028)
    const connection = stage.open(['t:a'], { since: stands, hasRoom: false })
    for (let ms = 1046; ms <= 1056; ms += 1) stage.publish(ms, ['t:a'], LARGE)
    connection.roomAgain()
    expect(connection.told).toEqual(['connected', 'resync'])

    connection.addAudiences(['t:b'])
    for (let ms = 1057; ms <= 1061; ms += 1) stage.publish(ms, ['t:b'], LARGE)
    connection.hasRoom = () => true
    connection.roomAgain()
    const { op, reason, cursor } = connection.frames[2]
    expect({ op, reason, cursor }).toEqual({ op: 'resync', reason: 'lagged', cursor: stands })
  })
})
