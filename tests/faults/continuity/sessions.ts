// One connection of a reader, on each transport: from its cursor until it is left or ends, with all
// that it is told written down. It is left rudely: what is under way is not waited for.

import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { ResyncReason } from '../../../shared/message.js'
import { queryString } from '../../support/Api.js'
import { SocketClient } from '../../support/SocketClient.js'
import { StreamClient } from '../../support/StreamClient.js'
import { ask } from './NodeApi.js'
import type { ReaderRecord } from './ReaderRecord.js'

export const TRANSPORTS = ['websocket', 'sse', 'long-poll', 'poll'] as const
export type Transport = (typeof TRANSPORTS)[number]

export interface Session {
  readonly url: string
  readonly record: ReaderRecord
  /** Leaves. */
  readonly signal: AbortSignal
}

const POLL_EVERY_MS = 30
const HELD_SECONDS = 5

/** Resolves when it was left or has ended; rejects where it could not be had. */
export function read(transport: Transport, session: Session): Promise<void> {
  if (transport === 'websocket') return readSocket(session)
  if (transport === 'sse') return readStream(session)
  return readPages(session, transport === 'long-poll' ? HELD_SECONDS : 0)
}

/** What every transport says, in its own way. */
interface Frame {
  readonly cursor: string
  readonly resync?: boolean
  readonly reason?: ResyncReason
  readonly message: { readonly cursor: string; readonly id: string; readonly payload: unknown }
}

function hear(record: ReaderRecord, name: string | undefined, frame: Frame): void {
  if (name === 'message') record.message(frame.message)
  else if (name === 'heartbeat') record.position(frame.cursor)
  else if (name === 'resync') record.resync(frame.reason ?? 'epoch', frame.cursor, name)
  else if (name === 'connected') {
    if (frame.resync) record.resync(frame.reason ?? 'epoch', frame.cursor, name)
    else record.position(frame.cursor)
  }
}

async function readSocket({ url, record, signal }: Session): Promise<void> {
  const client = new SocketClient(url)
  client.frames.add = (frame) => {
    if (!signal.aborted) hear(record, frame.op, frame)
  }
  try {
    await client.opened()
    client.send({ op: 'connect', topics: record.topics, since: record.cursor ?? 'now' })
    await Promise.race([client.closed, left(signal)])
  } finally {
    client.socket.terminate()
  }
}

async function readStream({ url, record, signal }: Session): Promise<void> {
  const query = { topics: record.topics.join(','), since: record.cursor ?? 'now' }
  const client = await StreamClient.open(url, { query })
  if (client.response.statusCode !== 200) {
    client.close()
    throw new Error(`a stream was answered with ${client.response.statusCode}`)
  }
  const add: typeof client.events.add = ({ event, data }) => {
    if (!signal.aborted) hear(record, event, event === 'message' ? { message: data } : data)
  }
  client.events.all.forEach(add)
  client.events.add = add
  await Promise.race([client.ended, left(signal)])
  client.close()
}

async function readPages(session: Session, wait: number): Promise<void> {
  const { signal } = session
  while (!signal.aborted) {
    const hasMore = await readPage(session, wait).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
    if (!hasMore && !signal.aborted) await delay(POLL_EVERY_MS)
  }
}

/** One page; whether there are more. */
export async function readPage(
  { url, record, signal }: Session,
  wait: number,
): Promise<boolean | undefined> {
  const query = {
    topics: record.topics.join(','),
    since: record.cursor ?? 'now',
    limit: 1000,
    wait,
  }
  const { status, body } = await ask(url, `/api/sync/poll${queryString(query)}`, { signal })
  if (signal.aborted) return false
  if (status !== 200) throw new Error(`a poll was answered with ${status}`)
  if (body.resync) record.resync(body.reason)
  for (const message of body.messages) record.message(message)
  record.position(body.cursor)
  return body.hasMore
}

async function left(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}
