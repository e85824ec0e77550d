import { beforeEach, expect, it } from '@jest/globals'
import { endExpired } from '../../../server/delivery/endExpired.js'
import type { Principal } from '../../../shared/principal.js'
import { ann, PlainConnection, Stage } from './MemoryConnection.js'

let stage: Stage
beforeEach(() => {
  stage = new Stage()
})

function join(userId: string): PlainConnection {
  const connection = new PlainConnection(['*', `u:${userId}`])
  connection.principal = { ...ann, userId }
  stage.hub.add(connection)
  return connection
}

const isNotBob = ({ userId }: Principal) => userId !== 'bob'

it('ends each connection whose principal no longer counts, and says how many', () => {
  const [first, other, second] = [join('bob'), join('ann'), join('bob')]
  expect(endExpired(stage.hub, isNotBob)).toBe(2)
  expect([first.calls, other.calls, second.calls]).toEqual([['expire'], [], ['expire']])
  expect([...stage.hub.connections]).toEqual([other])
})

it('ends each once', () => {
  const bob = join('bob')
  endExpired(stage.hub, isNotBob)
  expect(endExpired(stage.hub, isNotBob)).toBe(0)
  expect(bob.calls).toEqual(['expire'])
})

it('hands nothing to them any more, however long their end takes', () => {
  const bob = join('bob')
  stage.append(1001, ['u:bob'])
  bob.onCall = () => stage.hub.flush()
  endExpired(stage.hub, isNotBob)
  stage.publish(1002, ['u:bob'])
  expect(bob.batches).toEqual([])
  expect(stage.hub.count(['u:bob'])).toBe(0)
})

it('goes by the principal that a connection has now', () => {
  const connection = join('bob')
  connection.principal = { ...ann, userId: 'ann' }
  expect(endExpired(stage.hub, isNotBob)).toBe(0)
})

it('is not stopped by a connection that throws', () => {
  const [bad, other] = [join('bob'), join('bob')]
  bad.onCall = (call) => {
    if (call === 'expire') throw new Error('of its own')
  }
  expect(endExpired(stage.hub, isNotBob)).toBe(2)
  expect(other.calls).toEqual(['expire'])
  expect(bad.calls).toEqual(['expire', 'destroy'])
  expect(stage.faults).toHaveLength(1)
  expect(stage.hub.size).toBe(0)
})

it('ends nobody where everybody counts', () => {
  const connections = [join('ann'), join('bob')]
  expect(endExpired(stage.hub, () => true)).toBe(0)
  expect(connections.flatMap(({ calls }) => calls)).toEqual([])
})
