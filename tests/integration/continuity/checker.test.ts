// Verdicts that a walk needs luck to ask for, on records made by hand: each audience keeps one
// message, and the connection has read nothing when its second topic is lost.

import { describe, expect, it } from '@jest/globals'
import { EVERYONE, topicKey } from '../../../shared/audience.js'
import { parseCursor } from '../../../shared/cursor.js'
import type { ResyncReason } from '../../../shared/message.js'
import { SessionCheck } from './checker.js'
import { LogRecord } from './LogRecord.js'
import type { Fault, SessionEvent, Start } from './session.js'

const cursorOf = (counter: number): string => `1000-${counter}.epoch1`

/** Says when it happened, and is told the rest. */
type Unheard = SessionEvent extends infer Event
  ? Event extends SessionEvent
    ? Omit<Event, 'at'>
    : never
  : never

/** A connection since the oldest, and a log of which it has seen nothing yet. */
class Case {
  readonly #log = new LogRecord(cursorOf(0), { messagesPerAudience: 1, ttlMs: 1e9 })
  readonly #check: SessionCheck
  #tick = 0

  constructor() {
    this.#check = new SessionCheck({
      reader: 'ann',
      transport: 'websocket',
      log: this.#log,
      start: { kind: 'oldest' },
      audiences: [EVERYONE],
      openedAt: this.#now(),
    })
    this.hear({ kind: 'connected', cursor: cursorOf(0), reason: undefined })
  }

  publish(counter: number, topic: string): void {
    this.#log.add({
      ...parseCursor(cursorOf(counter))!,
      kind: 'message',
      cursor: cursorOf(counter),
      audience: [topicKey(topic)],
      id: cursorOf(counter),
      appliedAt: this.#now(),
    })
  }

  /** `meanwhile`: what happens before the answer. */
  subscribe(topic: string, since: Start, reason?: ResyncReason, meanwhile = () => {}): void {
    this.hear({ kind: 'asked', ref: 0, topics: [topic], since })
    meanwhile()
    const answer = { ref: 0, topics: [topic], cursor: cursorOf(0), reason }
    this.hear({ kind: 'subscribed', hasSince: true, ...answer })
  }

  /** Hands over a cursor: from the log's start, or from an earlier message. */
  after(counter: number): Start {
    return { kind: 'cursor', cursor: cursorOf(counter), log: this.#log }
  }

  hear(event: Unheard): void {
    this.#check.add({ ...event, at: this.#now() } as SessionEvent)
  }

  /** What is held against the server once the connection says that it stands there. */
  faultsAt(counter: number): Fault[] {
    this.hear({ kind: 'position', cursor: cursorOf(counter) })
    return this.#check.violations.map(({ fault }) => fault)
  }

  #now() {
    this.#tick += 1
    return { tick: this.#tick, clock: 0 }
  }
}

const FALSE_ALARM: Fault = 'false alarm: a resync, and nothing was lost'
const SILENT: Fault = 'silent: lost, and no resync told of it'

describe('of a topic that a connection adds while it lags, the checker', () => {
  it('expects no word of what was lost before, where it was asked for from the oldest', () => {
    const lagging = new Case()
    lagging.publish(1, 'a')
    lagging.publish(2, 'a')
    lagging.subscribe('a', { kind: 'oldest' })
    expect(lagging.faultsAt(1)).toEqual([])
  })

  it('takes word of what is lost while the oldest is read, and of nothing before', () => {
    const [before, meanwhile] = [new Case(), new Case()]
    before.publish(1, 'a')
    before.publish(2, 'a')
    before.subscribe('a', { kind: 'oldest' }, 'evicted')
    expect(before.faultsAt(0)).toEqual([FALSE_ALARM])

    meanwhile.publish(1, 'a')
    meanwhile.subscribe('a', { kind: 'oldest' }, 'evicted', () => meanwhile.publish(2, 'a'))
    expect(meanwhile.faultsAt(0)).toEqual([])
  })

  it('expects word of what is lost afterwards', () => {
    const lagging = new Case()
    lagging.publish(1, 'a')
    lagging.subscribe('a', { kind: 'oldest' })
    lagging.publish(2, 'a')
    expect(lagging.faultsAt(1)).toEqual([SILENT])
  })

  it('expects word of what was lost before, where it was read already', () => {
    const lagging = new Case()
    lagging.subscribe('a', lagging.after(0))
    lagging.publish(1, 'a')
    lagging.publish(2, 'a')
    lagging.subscribe('a', { kind: 'oldest' })
    expect(lagging.faultsAt(1)).toEqual([SILENT])
  })

  it('expects word of what was lost after a cursor, and takes the one of the answer', () => {
    const [untold, told] = [undefined, 'evicted' as const].map((reason) => {
      const lagging = new Case()
      lagging.publish(1, 'a')
      lagging.publish(2, 'a')
      lagging.subscribe('a', lagging.after(0), reason)
      return lagging.faultsAt(1)
    })
    expect(untold).toEqual([SILENT])
    expect(told).toEqual([])
  })

  it('expects everything that the log still holds', () => {
    const lagging = new Case()
    lagging.publish(1, 'a')
    lagging.subscribe('a', { kind: 'oldest' })
    expect(lagging.faultsAt(1)).toEqual(['missing: passed over, though the log has it'])
  })
})
