// A client of each transport behind one interface, so that a rule is written once and holds on
// all four. It judges nothing: it says what it was told, in order.

import { Api } from '../support/Api.js'
import { noteOpen } from '../support/openClients.js'
import { SocketClient } from '../support/SocketClient.js'
import { StreamClient } from '../support/StreamClient.js'
import { waitFor } from '../support/waitFor.js'

export interface ReaderOptions {
  readonly token: string
  /** Absent: the transport's own default. */
  readonly since?: string | undefined
  readonly topics?: readonly string[]
}

/** One thing that a client was told: a message, a resync, or only where it stands. */
interface Word {
  /** A message's payload, or `resync:<reason>`. */
  readonly heard?: string | undefined
  readonly cursor: string
}

export interface Reader {
  /** The payloads of the messages and, as `resync:<reason>`, the resyncs; in order. */
  readonly heard: readonly string[]
  /** Every cursor that it was told, in order. */
  readonly cursors: readonly string[]
  /** Where it stands. */
  readonly cursor: string
  /** Waits until this was heard and returns all that was heard by then. */
  until(heard: string): Promise<readonly string[]>
  close(): Promise<void>
}

export interface TransportUnderTest {
  readonly name: string
  /** Resolves once the client has been told where it stands. */
  open(url: string, options: ReaderOptions): Promise<Reader>
}

/** Rows for `describe.each`. */
export const transports: readonly TransportUnderTest[] = [
  { name: 'WebSocket', open: openSocket },
  { name: 'SSE', open: openStream },
  { name: 'long-poll', open: (url, options) => openPoll(url, options, 20) },
  { name: 'poll', open: (url, options) => openPoll(url, options, 0) },
]

/** Whether no cursor in this list is before the one ahead of it. */
export function isForward(cursors: readonly string[]): boolean {
  return cursors.every((cursor, index) => index === 0 || isAfterOrAt(cursor, cursors[index - 1]!))
}

function isAfterOrAt(later: string, earlier: string): boolean {
  const [laterMs, laterCounter] = later.split(/[-.]/).map(Number) as [number, number]
  const [earlierMs, earlierCounter] = earlier.split(/[-.]/).map(Number) as [number, number]
  return laterMs > earlierMs || (laterMs === earlierMs && laterCounter >= earlierCounter)
}

function readerOf(words: () => readonly Word[], close: () => Promise<void>): Reader {
  const heardIn = () => words().flatMap(({ heard }) => (heard === undefined ? [] : [heard]))
  return {
    get heard() {
      return heardIn()
    },
    get cursors() {
      return words().map(({ cursor }) => cursor)
    },
    get cursor() {
      return words().at(-1)?.cursor ?? ''
    },
    async until(heard) {
      await waitFor(`"${heard}" to be heard`, () => heardIn().includes(heard))
      return heardIn()
    },
    close,
  }
}

async function openSocket(url: string, { token, since, topics }: ReaderOptions): Promise<Reader> {
  const client = await SocketClient.connect(url, { token, since, topics })
  const words = () => client.frames.all.flatMap(wordOf)
  return readerOf(words, () => client.close())
}

async function openStream(url: string, { token, since, topics }: ReaderOptions): Promise<Reader> {
  const client = await StreamClient.open(url, { token, query: queryOf(since, topics) })
  await client.next('connected')
  const words = () =>
    client.events.all.flatMap(({ event, data }) =>
      wordOf(event === 'message' ? { op: event, message: data } : { op: event, ...data }),
    )
  return readerOf(words, async () => {
    client.close()
    await client.ended
  })
}

/** A frame of a WebSocket, or an event of a stream in the same shape. */
interface Statement {
  readonly op: string | undefined
  readonly resync?: boolean
  readonly reason?: string
  readonly cursor?: string
  readonly message?: TestMessage
}

interface TestMessage {
  readonly payload?: unknown
  readonly cursor: string
  readonly userId?: string
  readonly roles?: readonly string[]
  readonly topics?: readonly string[]
}

function wordOf({ op, resync, reason, cursor, message }: Statement): Word[] {
  if (message !== undefined) return [wordOfMessage(message)]
  if (cursor === undefined) return []
  return [{ cursor, heard: op === 'resync' || resync ? `resync:${reason}` : undefined }]
}

/** What is for everyone isn't ours: on a shared target others may have said it. */
function wordOfMessage({ payload, cursor, userId, roles, topics }: TestMessage): Word {
  const isForUs = (userId ?? roles ?? topics) !== undefined
  return { cursor, heard: isForUs ? String(payload) : undefined }
}

async function openPoll(
  url: string,
  { token, since, topics }: ReaderOptions,
  wait: number,
): Promise<Reader> {
  const api = new Api(url, token)
  const words: Word[] = []
  const leaving = new AbortController()
  let failure: unknown
  const ask = async (from: string | undefined, waitNow: number) => {
    const query = { ...queryOf(from, topics), limit: 1000, wait: waitNow }
    const { status, body } = await api.poll(query, leaving.signal)
    if (status !== 200) throw new Error(`poll answered ${status}: ${JSON.stringify(body)}`)
    const { cursor, messages, resync, reason } = body
    const first = messages[0]?.cursor ?? cursor
    if (resync) words.push({ cursor: first, heard: `resync:${reason}` })
    words.push(...messages.map(wordOfMessage), { cursor })
    return cursor as string
  }
  const askOn = async (cursor: string) => {
    for (let next = cursor; !leaving.signal.aborted; ) {
      next = await ask(next, wait)
      if (wait === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  // The first answer is not held, as little as `connected` is on a stream.
  const asking = askOn(await ask(since, 0)).catch((error: unknown) => {
    if (!leaving.signal.aborted) failure = error
  })
  const heardSoFar = () => {
    if (failure !== undefined) throw failure
    return words
  }
  const close = async () => {
    leaving.abort()
    await asking
  }
  void asking.then(noteOpen(close))
  return readerOf(heardSoFar, close)
}

function queryOf(
  since: string | undefined,
  topics: readonly string[] | undefined,
): Record<string, string> {
  return {
    ...(since !== undefined && { since }),
    ...(topics !== undefined && { topics: topics.join(',') }),
  }
}
