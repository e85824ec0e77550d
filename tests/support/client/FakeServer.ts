// A model of the server's contract (docs/protocol.md) for tests of the client in virtual time: what
// a WebSocket, an event stream, a poll and a send are answered, and nothing of how.

import type { Environment } from '../../../client/connection/environment.js'
import { type Audience, type Entry, FakeLog } from './FakeLog.js'
import { type Answer, FakePolls, failure } from './FakePolls.js'
import { FakeStream, type Say } from './FakeStream.js'

export interface Request {
  readonly path: string
  readonly query: URLSearchParams
  readonly token: string
  readonly idempotencyKey: string | undefined
  readonly body: string
}

type Draft = { readonly payload?: unknown } & Audience

/** How long an idempotency key is known. */
const KEY_MS = 5 * 60_000

/** A connection as the server sees it. */
export interface Peer {
  readonly say: Say
  /** Ends the connection; 1006 without a word. */
  readonly close: (code: number) => void
}

export class FakeServer {
  readonly log = new FakeLog()
  readonly polls: FakePolls
  /** Who each token stands for. */
  readonly users = new Map([['', 'u_1']])
  /** Topics that nobody may read. */
  readonly denied = new Set<string>()
  /** How often each payload was published. */
  readonly applied = new Map<unknown, number>()
  /** What becomes of the next sends, first things first. */
  readonly sendFaults: ('busy' | 'busy, applied' | 'cut')[] = []
  /** Answered to whoever comes, instead of anything else. */
  refusal: { readonly closeCode: number; readonly answer: Answer } | undefined
  /** No connection is sent anything, as if each were slow to read. */
  isLagging = false
  /** Called with each entry before anybody is sent it. */
  onAppend: (entry: Entry) => void = () => {}
  readonly #environment: Pick<Environment, 'after'>
  readonly #streams = new Map<Peer, FakeStream>()
  #keys = new Map<string, Entry>()

  constructor(environment: Pick<Environment, 'after'>) {
    this.#environment = environment
    this.polls = new FakePolls(this.log, this.denied, environment)
  }

  get connections(): number {
    return this.#streams.size
  }

  publish(audience: Audience, payload?: unknown): Entry {
    const entry = this.log.append(audience, { type: 'test', payload })
    this.applied.set(payload, (this.applied.get(payload) ?? 0) + 1)
    this.onAppend(entry)
    this.pump()
    return entry
  }

  force(audience: Audience): void {
    this.onAppend(this.log.append(audience))
    this.pump()
  }

  /** As after a restart; with the log go the idempotency keys. Nobody is told. */
  beginAnew(): void {
    this.log.beginAnew()
    this.#keys = new Map()
    this.polls.forget()
    this.#streams.clear()
  }

  drain(reconnectAfter: number): void {
    for (const { say } of this.#streams.keys()) say('drain', { reconnectAfter })
  }

  closeAll(code: number): void {
    for (const peer of [...this.#streams.keys()]) this.close(peer, code)
  }

  pump(): void {
    if (this.isLagging) return
    for (const stream of this.#streams.values()) stream.pump()
    this.polls.pump()
  }

  /** What an event stream is answered instead of being opened. */
  refusalOf(token: string, since: string | null): Answer | undefined {
    if (this.refusal) return this.refusal.answer
    if (!this.users.has(token)) return failure(401, 'unauthorized', 'token: expired')
    const isCursor = this.log.start(since ?? 'now', () => false) !== undefined
    return isCursor ? undefined : failure(400, 'invalid_cursor', 'since')
  }

  /** The first frame of a WebSocket, or the request for an event stream. */
  connect(peer: Peer, fields: Record<string, unknown>): void {
    const userId = this.users.get(String(fields.token ?? ''))
    if (this.refusal) return peer.close(this.refusal.closeCode)
    if (userId === undefined) return peer.close(4401)
    const asked = (fields.topics ?? []) as string[]
    const allowed = asked.filter((topic) => !this.denied.has(topic))
    const stream = new FakeStream(this.log, userId, allowed, peer.say)
    const isTaken = stream.open(
      fields.since ?? 'now',
      asked.filter((topic) => this.denied.has(topic)),
    )
    if (!isTaken) {
      peer.say('error', { code: 'invalid_cursor', message: 'since' })
      return peer.close(4400)
    }
    this.#streams.set(peer, stream)
    const beat = () => {
      if (!this.#streams.has(peer)) return
      peer.say('heartbeat', { cursor: stream.cursor })
      this.#environment.after(15_000, beat)
    }
    this.#environment.after(15_000, beat)
    if (!this.isLagging) stream.pump()
  }

  close(peer: Peer, code: number): void {
    this.left(peer)
    peer.close(code)
  }

  left(peer: Peer): void {
    this.#streams.delete(peer)
  }

  /** Any later frame of a WebSocket. */
  command(peer: Peer, frame: Record<string, unknown>): void {
    const stream = this.#streams.get(peer)
    if (!stream) return
    const { op, ref } = frame
    const topics = frame.topics as string[]
    if (op === 'ping') peer.say('ok', { ref })
    if (op === 'unsubscribe') for (const topic of topics) stream.topics.delete(topic)
    if (op === 'subscribe') {
      const denied = topics.find((topic) => this.denied.has(topic))
      if (denied) return peer.say('error', { ref, code: 'forbidden', message: `"${denied}"` })
      stream.subscribe(topics, frame.since, ref, this.isLagging)
    }
    if (op === 'send') {
      const { idempotencyKey, ...draft } = frame.message as Draft & { idempotencyKey: string }
      const answer = this.#send(draft, idempotencyKey, stream.userId)
      if (!answer) return this.close(peer, 1006)
      const { error, ...body } = answer.body as { error?: object }
      peer.say(error ? 'error' : 'ok', { ref, ...body, ...error })
    }
  }

  /** Calls back with the answer, at once or when there is one; `undefined` is a cut connection. */
  request(request: Request, answer: (answer: Answer | undefined) => void): () => void {
    const userId = this.users.get(request.token)
    const now = (value: Answer | undefined) => {
      answer(value)
      return () => {}
    }
    if (this.refusal) return now(this.refusal.answer)
    if (userId === undefined) return now(failure(401, 'unauthorized', 'token: expired'))
    if (request.path.endsWith('/poll')) return this.polls.ask(request.query, userId, answer)
    return now(this.#send(JSON.parse(request.body), request.idempotencyKey ?? '', userId))
  }

  #send({ payload, userId, topics }: Draft, key: string, sender: string): Answer | undefined {
    const fault = this.sendFaults.shift()
    const busy = { ...failure(503, 'unavailable', 'busy'), headers: { 'Retry-After': '1' } }
    if (fault === 'busy') return busy
    const known = this.#keys.get(key)
    const audience = userId !== undefined ? { userId } : topics ? { topics } : { userId: sender }
    const entry = known ?? this.publish(audience, payload)
    if (!known) this.#environment.after(KEY_MS, () => this.#keys.delete(key))
    this.#keys.set(key, entry)
    if (fault === 'busy, applied') return busy
    if (fault === 'cut') return undefined
    const { id, cursor, timestamp } = entry.message ?? { id: '', cursor: '', timestamp: 0 }
    const body = { messageId: id, cursor, timestamp, duplicate: known !== undefined }
    return { status: known ? 200 : 201, body: { success: true, ...body } }
  }
}
