// One sync socket of the stand-in: a set of queries with a version, and transitions from one version to
// the next. The client checks that each begins where the one before has ended.

import type { JSONValue } from 'convex/values'
import type { RawData, WebSocket } from 'ws'
import type { Claims, ConvexFunctions, Outcome } from './ConvexFunctions.js'
import { claimsOf } from './claims.js'
import {
  type ClientMessage,
  encodeTs,
  type Modification,
  readClientMessage,
} from './syncProtocol.js'

interface Subscribed {
  readonly path: string
  readonly args: readonly JSONValue[]
  /** What the client was told last; `undefined` where it was told nothing yet. */
  told?: string
}

/** A mutation that a client sends again after a lost connection has run once. */
const answered = new WeakMap<ConvexFunctions, Map<string, Promise<MutationAnswer>>>()

type MutationAnswer = { readonly outcome: Outcome; readonly ts: bigint }

export class ConvexSession {
  readonly #socket: WebSocket
  readonly #functions: ConvexFunctions
  readonly #queries = new Map<number, Subscribed>()
  readonly #stop: () => void
  #version = { querySet: 0, ts: 0n, identity: 0 }
  #sessionId = ''
  #claims: Claims | undefined
  delayMs = 0
  isMute = false

  constructor(socket: WebSocket, functions: ConvexFunctions) {
    this.#socket = socket
    this.#functions = functions
    this.#stop = functions.onChange(() => this.#look())
    socket.on('message', (data) => void this.#receive(data))
    socket.on('error', () => {})
    socket.on('close', () => this.#stop())
  }

  get queries(): number {
    return this.#queries.size
  }

  drop(): void {
    this.#stop()
    this.#socket.terminate()
  }

  send(message: object): void {
    this.sendRaw(JSON.stringify(message))
  }

  sendRaw(text: string): void {
    if (this.isMute) return
    if (this.delayMs === 0) this.#socket.send(text)
    else setTimeout(() => this.#socket.send(text), this.delayMs)
  }

  async #receive(data: RawData): Promise<void> {
    const message = readClientMessage(String(data))
    if (message === undefined) return this.#socket.close(1008, 'InvalidMessage')
    switch (message.type) {
      case 'Connect':
        this.#sessionId = message.sessionId
        return
      case 'ModifyQuerySet':
        return this.#functions.inTurn(() => this.#modify(message))
      case 'Authenticate':
        return this.#functions.inTurn(() => this.#authenticate(message))
      case 'Mutation':
        return this.#mutate(message)
      case 'Action': {
        const outcome = await this.#functions.run({ ...this.#callOf(message), kind: 'action' })
        this.send({ type: 'ActionResponse', ...this.#answerOf(message, outcome) })
        return this.#functions.changed()
      }
      case 'Event':
        return
    }
  }

  async #modify(message: ClientMessage & { type: 'ModifyQuerySet' }): Promise<void> {
    for (const change of message.modifications) {
      if (change.type === 'Remove') this.#queries.delete(change.queryId)
      else this.#queries.set(change.queryId, { path: change.udfPath, args: change.args })
    }
    const removed = message.modifications.filter(({ type }) => type === 'Remove')
    await this.#transition(
      { querySet: message.newVersion },
      removed.map(({ queryId }) => ({ type: 'QueryRemoved', queryId })),
    )
  }

  async #authenticate(message: ClientMessage & { type: 'Authenticate' }): Promise<void> {
    try {
      if (this.#functions.refusesTokens && message.tokenType === 'User') throw new Error('refused')
      this.#claims = message.tokenType === 'User' ? claimsOf(message.value ?? '') : undefined
    } catch {
      const { baseVersion } = message
      const error = 'Could not parse JWT payload'
      return this.send({ type: 'AuthError', error, baseVersion, authUpdateAttempted: true })
    }
    await this.#transition({ identity: message.baseVersion + 1 }, [])
  }

  async #mutate(message: ClientMessage & { type: 'Mutation' }): Promise<void> {
    const known = answered.get(this.#functions) ?? new Map<string, Promise<MutationAnswer>>()
    answered.set(this.#functions, known)
    const key = `${this.#sessionId} ${message.requestId}`
    const isNew = !known.has(key)
    const run = known.get(key) ?? this.#functions.inTurn(() => this.#commit(message))
    known.set(key, run)
    const { outcome, ts } = await run
    const answer = this.#answerOf(message, outcome)
    this.send({ type: 'MutationResponse', ...answer, ...(outcome.success && { ts: encodeTs(ts) }) })
    if (isNew) await this.#functions.changed()
    // Its client waits until its queries are as new as that.
    if (outcome.success) await this.#functions.inTurn(() => this.#transition({}, []))
  }

  async #commit(message: ClientMessage & { type: 'Mutation' }): Promise<MutationAnswer> {
    const outcome = await this.#functions.run({ ...this.#callOf(message), kind: 'mutation' })
    return { outcome, ts: this.#functions.nextTs() }
  }

  #callOf({ udfPath, args }: { udfPath: string; args: readonly JSONValue[] }) {
    return { path: udfPath, args, claims: this.#claims }
  }

  #answerOf({ requestId }: { requestId: number }, outcome: Outcome): object {
    const { success } = outcome
    if (outcome.success) return { requestId, success, result: outcome.value, logLines: [] }
    const { errorMessage: result, errorData } = outcome
    return { requestId, success, result, errorData, logLines: [] }
  }

  /** Tells what has changed, if anything has. */
  async #look(): Promise<void> {
    const modifications = await this.#changes()
    if (modifications.length > 0) this.#tell({}, modifications)
  }

  async #transition(
    to: Partial<{ querySet: number; identity: number }>,
    removed: readonly Modification[],
  ): Promise<void> {
    this.#tell(to, [...removed, ...(await this.#changes())])
  }

  #tell(
    to: Partial<{ querySet: number; identity: number }>,
    modifications: readonly Modification[],
  ): void {
    const startVersion = { ...this.#version, ts: encodeTs(this.#version.ts) }
    this.#version = { ...this.#version, ...to, ts: this.#functions.nextTs() }
    const endVersion = { ...this.#version, ts: encodeTs(this.#version.ts) }
    this.send({ type: 'Transition', startVersion, endVersion, modifications })
  }

  async #changes(): Promise<Modification[]> {
    const modifications: Modification[] = []
    for (const [queryId, query] of this.#queries) {
      const { path, args } = query
      const outcome = await this.#functions.run({ kind: 'query', path, args, claims: this.#claims })
      const now = JSON.stringify(outcome)
      if (query.told === now) continue
      query.told = now
      const { success, ...rest } = outcome
      const type = success ? 'QueryUpdated' : 'QueryFailed'
      modifications.push({ type, queryId, ...rest, logLines: [], journal: null })
    }
    return modifications
  }
}
