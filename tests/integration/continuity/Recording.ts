// What one connection was told, kept without its payloads, to be judged when the whole log is
// known. Its socket can be left unread for as long as a test likes.

import type { Message } from '../../../shared/message.js'
import { type Frame, SocketClient } from '../../support/SocketClient.js'
import { StreamClient } from '../../support/StreamClient.js'
import { SessionCheck } from './checker.js'
import type { LogRecord, Moment } from './LogRecord.js'
import type { SessionEvent, Start, Transport, Violation } from './session.js'

/** Counts what happens, in the order in which this process sees it. */
let ticks = 0
export const moment = (): Moment => {
  ticks += 1
  return { tick: ticks, clock: 0 }
}

export class Recording {
  readonly events: SessionEvent[] = []
  readonly transport: Transport
  /** Undefined: from now. */
  readonly since: string | undefined
  readonly #openedAt = moment()
  isOver = false

  constructor(transport: Transport, since?: string) {
    this.transport = transport
    this.since = since
  }

  get cursor(): string | undefined {
    const last = this.events.at(-1)
    if (last === undefined) return this.since
    return 'message' in last ? last.message.cursor : 'cursor' in last ? last.cursor : undefined
  }

  get resyncs(): readonly SessionEvent[] {
    return this.events.filter((event) => 'reason' in event && event.reason !== undefined)
  }

  hear(name: string | undefined, { cursor, reason, message }: Frame): void {
    const at = moment()
    if (name === 'connected' || name === 'resync') {
      this.events.push({ kind: name, at, cursor, reason })
    } else if (name === 'heartbeat') {
      this.events.push({ kind: 'position', at, cursor })
    } else if (name === 'message') {
      this.events.push({ kind: 'message', at, message: withoutPayload(message) })
    }
  }

  hearPage({ messages, cursor, hasMore, reason }: Frame): void {
    const bare = messages.map(withoutPayload)
    this.events.push({ kind: 'page', at: moment(), messages: bare, cursor, hasMore, reason })
  }

  /** Judged as one reader of this audience. */
  violations(log: LogRecord, audience: string, reader: string): readonly Violation[] {
    const { transport, since } = this
    const start: Start =
      since === undefined ? { kind: 'now' } : { kind: 'cursor', cursor: since, log }
    const openedAt = this.#openedAt
    const check = new SessionCheck({
      reader,
      transport,
      log,
      start,
      audiences: [audience],
      openedAt,
    })
    for (const event of this.events) check.add(event)
    return check.violations
  }
}

const withoutPayload = ({ payload: _, ...message }: Message): Message => message

/** A connection whose socket is read or left alone. */
export interface RecordedConnection {
  readonly recording: Recording
  stopReading(): void
  readAgain(): void
  close(): void
}

export async function recordSocket(
  url: string,
  topic: string,
  since?: string,
): Promise<RecordedConnection> {
  const recording = new Recording('websocket', since)
  const client = new SocketClient(url)
  client.frames.add = (frame) => recording.hear(frame.op, frame)
  await client.opened()
  client.send({ op: 'connect', topics: [topic], ...(since !== undefined && { since }) })
  void client.closed.then(() => {
    recording.isOver = true
  })
  return {
    recording,
    stopReading: () => client.socket.pause(),
    readAgain: () => client.socket.resume(),
    close: () => client.socket.terminate(),
  }
}

export async function recordStream(
  url: string,
  topic: string,
  since?: string,
): Promise<RecordedConnection> {
  const recording = new Recording('sse', since)
  const query = { topics: topic, ...(since !== undefined && { since }) }
  const client = await StreamClient.open(url, { query })
  const hear: typeof client.events.add = ({ event, data }) =>
    recording.hear(event, event === 'message' ? { message: data } : (data ?? {}))
  client.events.all.forEach(hear)
  client.events.add = hear
  void client.ended.then(() => {
    recording.isOver = true
  })
  return {
    recording,
    stopReading: () => client.response.pause(),
    readAgain: () => client.response.resume(),
    close: () => client.close(),
  }
}
