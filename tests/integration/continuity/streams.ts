// A reader's sessions on streams: WebSocket and SSE, cut at any event, or left when all has come.

import { setTimeout as delay } from 'node:timers/promises'
import { type Frame, SocketClient } from '../../support/SocketClient.js'
import { StreamClient, type StreamEvent } from '../../support/StreamClient.js'
import type { SessionCheck } from './checker.js'
import type { Moment } from './LogRecord.js'
import { type From, type Reader, sinceOf } from './Reader.js'
import type { SessionEvent } from './session.js'

export type SocketAct = { readonly pauseMs: number } & (
  | { readonly kind: 'subscribe' | 'unsubscribe'; readonly topics: readonly string[] }
  | { readonly kind: 'subscribeSince'; readonly topics: readonly string[]; readonly from: From }
)

export interface StreamStep {
  readonly kind: 'websocket' | 'sse'
  readonly from: From
  readonly topics: readonly string[]
  /** What a WebSocket does meanwhile. */
  readonly acts: readonly SocketAct[]
  readonly stayMs: number
  /** The socket is destroyed at this event, or left when all has come. */
  readonly cutAtEvent: number | undefined
}

type Unheard = SessionEvent extends infer Event
  ? Event extends { at: Moment }
    ? Omit<Event, 'at'>
    : never
  : never

/** Hands events to the checker until the socket is cut, and then no more. */
class Ear {
  readonly check: SessionCheck
  readonly #reader: Reader
  #eventsLeft: number
  readonly #cut: () => void
  isCut = false

  constructor(reader: Reader, check: SessionCheck, cutAtEvent = Infinity, cut: () => void) {
    this.#reader = reader
    this.check = check
    this.#eventsLeft = cutAtEvent
    this.#cut = cut
  }

  hear(event: Unheard | undefined): void {
    if (this.isCut || event === undefined) return
    this.check.add({ ...event, at: this.#reader.world.now() } as SessionEvent)
    this.#eventsLeft -= 1
    if (this.#eventsLeft <= 0) this.cut()
  }

  cut(): void {
    this.isCut = true
    this.#cut()
  }
}

export function runStream(reader: Reader, step: StreamStep): Promise<void> {
  return step.kind === 'websocket' ? runSocket(reader, step) : runSse(reader, step)
}

async function runSse(reader: Reader, step: StreamStep): Promise<void> {
  const check = await reader.open('sse', step.from, step.topics)
  const since = sinceOf(check.session.start)
  const { token, world } = reader
  const isHeader = check.session.start.kind === 'cursor' && step.stayMs % 2 === 0
  const stream = await StreamClient.open(world.url, {
    token,
    query: {
      ...(!isHeader && { since }),
      ...(step.topics.length > 0 && { topics: step.topics.join(',') }),
    },
    headers: isHeader ? { 'Last-Event-ID': since } : {},
  }).catch((error: unknown) => {
    if (!reader.isRestarted(check)) throw error
    return undefined
  })
  if (stream === undefined) return
  const ear = new Ear(reader, check, step.cutAtEvent, () => stream.close())
  for (const event of stream.events.all) ear.hear(fromEvent(event))
  stream.events.add = (event) => ear.hear(fromEvent(event))
  let isOver = false
  void stream.ended.then(() => {
    isOver = true
  })
  await delay(step.stayMs)
  if (step.cutAtEvent === undefined) await reader.settled(check, () => isOver)
  assertNotEnded(reader, ear, isOver)
  ear.cut()
  reader.leave(check)
}

async function runSocket(reader: Reader, step: StreamStep): Promise<void> {
  const check = await reader.open('websocket', step.from, step.topics)
  const client = new SocketClient(reader.world.url)
  const ear = new Ear(reader, check, step.cutAtEvent, () => client.socket.terminate())
  const asked = new Map<number, Unheard>()
  client.socket.on('message', (data) => ear.hear(fromFrame(JSON.parse(String(data)), asked)))
  let isOver = false
  void client.closed.then(() => {
    isOver = true
  })
  await client.opened().catch((error: unknown) => {
    if (!reader.isRestarted(check)) throw error
  })
  const { token } = reader
  if (!isOver) {
    const since = sinceOf(check.session.start)
    client.send({ op: 'connect', token, since, topics: step.topics })
  }
  for (const [ref, act] of step.acts.entries()) {
    if (act.pauseMs > 0) await delay(act.pauseMs)
    if (!isOver && !ear.isCut) perform(reader, client, ear, asked, act, ref)
  }
  await delay(step.stayMs)
  if (step.cutAtEvent === undefined) {
    await reader.settled(
      check,
      () => isOver,
      () => asked.size === 0,
    )
  }
  assertNotEnded(reader, ear, isOver)
  ear.cut()
  reader.leave(check)
}

function perform(
  reader: Reader,
  client: SocketClient,
  ear: Ear,
  asked: Map<number, Unheard>,
  act: SocketAct,
  ref: number,
): void {
  const { topics } = act
  switch (act.kind) {
    case 'unsubscribe':
      asked.set(ref, { kind: 'unsubscribed', ref, topics })
      return client.send({ op: 'unsubscribe', topics, ref })
    case 'subscribe':
      asked.set(ref, subscribed(ref, topics, false))
      return client.send({ op: 'subscribe', topics, ref })
    case 'subscribeSince': {
      const since = reader.start(act.from)
      if (since.kind === 'now') return
      asked.set(ref, subscribed(ref, topics, true))
      ear.hear({ kind: 'asked', ref, topics, since })
      return client.send({ op: 'subscribe', topics, since: sinceOf(since), ref })
    }
    default:
      return act satisfies never
  }
}

/** Its cursor and its reason come with the answer. */
const subscribed = (ref: number, topics: readonly string[], hasSince: boolean): Unheard => ({
  kind: 'subscribed',
  ref,
  topics,
  hasSince,
  cursor: '',
  reason: undefined,
})

/** Left alone, and with its server alive, a stream goes on. */
function assertNotEnded(reader: Reader, { check, isCut }: Ear, isOver: boolean): void {
  if (!isOver || isCut || reader.isRestarted(check)) return
  throw new Error(`the server ended a ${check.session.transport} by itself`)
}

function fromFrame(frame: Frame, asked: Map<number, Unheard>): Unheard | undefined {
  switch (frame.op) {
    case 'message':
      return { kind: frame.catchup ? 'catchup' : 'message', message: frame.message }
    case 'ok': {
      const answer = asked.get(frame.ref)
      asked.delete(frame.ref)
      return answer?.kind === 'subscribed'
        ? { ...answer, cursor: frame.cursor, reason: frame.reason }
        : answer
    }
    case 'error':
      return { kind: 'refused', detail: JSON.stringify(frame) }
    default:
      return fromEvent({ event: frame.op, data: frame })
  }
}

function fromEvent({ event, data }: Pick<StreamEvent, 'event' | 'data'>): Unheard | undefined {
  switch (event) {
    case 'connected':
    case 'resync':
      return { kind: event, cursor: data.cursor, reason: data.reason }
    case 'heartbeat':
      return { kind: 'position', cursor: data.cursor }
    case 'message':
      return { kind: 'message', message: data }
    default:
      return undefined
  }
}
