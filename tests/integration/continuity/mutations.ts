// Faults, put in from outside: each breaks one part's prototype until `jest.restoreAllMocks`.

import { jest } from '@jest/globals'
import type { Connection, TransportName } from '../../../server/delivery/Connection.js'
import { ConnectionHub } from '../../../server/delivery/ConnectionHub.js'
import { StreamConnection } from '../../../server/delivery/StreamConnection.js'
import { EntryQueue } from '../../../server/services/EntryQueue.js'
import { type Mark, Marks } from '../../../server/services/Marks.js'
import { MessageQueueService } from '../../../server/services/MessageQueueService.js'
import { comparePositions, type Position } from '../../../shared/cursor.js'

/** How long a broken registration takes: what a call to another process would. */
const REGISTRATION_MS = 4

/** Needs a reader that goes on from the cursor of a message that is for it. */
export function readInclusively(): void {
  jest.spyOn(EntryQueue.prototype, 'indexAfter').mockImplementation(function (
    this: EntryQueue<Position>,
    position,
  ) {
    return this.firstIndexWhere((item) => comparePositions(item, position) >= 0)
  })
}

/** Needs two messages in one millisecond, and a reader that goes on between them. */
export function skipTheNext(): void {
  const { read } = MessageQueueService.prototype
  jest.spyOn(MessageQueueService.prototype, 'read').mockImplementation(function (
    this: MessageQueueService,
    reading,
    { ms, counter },
    bounds,
  ) {
    return read.call(this, reading, { ms, counter: counter + 1 }, bounds)
  })
}

/** Needs a message while an empty poll is on its way to the hub. */
export function checkThenPark(): void {
  registerLate((transport) => transport === 'longPoll')
}

/** Needs a message between the end of a catch-up and the hub. */
export function readThenRegister(): void {
  registerLate((transport) => transport !== 'longPoll')
}

function registerLate(isMeant: (transport: TransportName) => boolean): void {
  const { add, remove } = ConnectionHub.prototype
  const waiting = new Map<Connection, NodeJS.Timeout>()
  jest.spyOn(ConnectionHub.prototype, 'add').mockImplementation(function (
    this: ConnectionHub,
    connection,
  ) {
    if (!isMeant(connection.transport)) return add.call(this, connection)
    const timer = setTimeout(() => {
      waiting.delete(connection)
      add.call(this, connection)
    }, REGISTRATION_MS)
    waiting.set(connection, timer)
  })
  jest.spyOn(ConnectionHub.prototype, 'remove').mockImplementation(function (
    this: ConnectionHub,
    connection,
  ) {
    clearTimeout(waiting.get(connection))
    remove.call(this, connection)
  })
}

/** Needs an eviction above a reader's cursor. */
export function trimWithoutMark(): void {
  jest.spyOn(Marks.prototype, 'raise').mockImplementation(() => {})
}

/** Needs one audience that loses more than another. */
export function shareMarks(): void {
  const { of, raise } = Marks.prototype
  const latest = new WeakMap<Marks, Mark>()
  jest.spyOn(Marks.prototype, 'raise').mockImplementation(function (this: Marks, key, mark) {
    latest.set(this, mark)
    raise.call(this, key, mark)
  })
  jest.spyOn(Marks.prototype, 'of').mockImplementation(function (this: Marks, key) {
    return latest.get(this) ?? of.call(this, key)
  })
}

/** Needs a reader that comes too late. */
export function neverExpire(): void {
  jest.spyOn(MessageQueueService.prototype, 'isFresh').mockReturnValue(true)
}

/** Needs a message for a topic that was dropped. */
export function neverUnsubscribe(): void {
  jest.spyOn(ConnectionHub.prototype, 'removeAudiences').mockImplementation(() => {})
}

/** Needs a connection that has something coming yet, and is beaten or cut meanwhile. */
export function sayHeadIn(event: 'connected' | 'heartbeat'): void {
  const { say } = StreamConnection.prototype
  const logs = currentLog()
  jest.spyOn(StreamConnection.prototype, 'say').mockImplementation(function (
    this: StreamConnection,
    name,
    body,
  ) {
    const log = logs.current
    const isMeant = name === event && log !== undefined
    say.call(this, name, isMeant ? { ...body, cursor: log.cursorAt(log.head) } : body)
  })
  if (event !== 'heartbeat') return
  jest.spyOn(StreamConnection.prototype, 'beat').mockImplementation(function (
    this: StreamConnection,
  ) {
    this.say('heartbeat', {})
  })
}

/** Needs a reader that pages. */
export function nameHeadOnEveryPage(): void {
  const { read } = MessageQueueService.prototype
  jest.spyOn(MessageQueueService.prototype, 'read').mockImplementation(function (
    this: MessageQueueService,
    reading,
    after,
    bounds,
  ) {
    return { ...read.call(this, reading, after, bounds), position: this.head }
  })
}

/** The log of the server that was started last. */
function currentLog(): { current: MessageQueueService | undefined } {
  const { begin } = MessageQueueService.prototype
  const logs: { current: MessageQueueService | undefined } = { current: undefined }
  jest.spyOn(MessageQueueService.prototype, 'begin').mockImplementation(function (
    this: MessageQueueService,
    epoch,
    start,
  ) {
    logs.current = this
    begin.call(this, epoch, start)
  })
  return logs
}
