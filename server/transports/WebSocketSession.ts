// The conversation on one WebSocket: first `connect`, then commands. A tagged state says where it
// stands; what arrives while an answer is awaited is held, in order, up to a bound.
//
//   waiting ── connect ──► holding ── principal known ──► open ◄──► holding (refresh)
//      │ 5 s, or another frame  │ refused                  │ a frame that breaks the rules
//      └────────────────────────┴──────────► closed ◄──────┘

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import { CLOSE, type CloseCode } from '../../shared/closeCodes.js'
import { publicError, SyncError } from '../../shared/errors.js'
import {
  type Command,
  type CommandFrame,
  type ConnectFrame,
  commandFrameSchema,
  connectFrameSchema,
  type Ref,
  refOf,
} from '../../shared/frames.js'
import { parseOrThrow, type ResyncReason } from '../../shared/message.js'
import type { StreamContext } from '../delivery/StreamConnection.js'
import {
  type AuthorizeTopic,
  divideTopics,
  ownAudiences,
  parseTopics,
  requireTopics,
  topicAudiences,
} from '../security/access.js'
import type { Identify } from '../security/authenticate.js'
import type { ConnectionLimits, Release } from '../security/ConnectionLimits.js'
import { type Credential, credentialOf, NO_CREDENTIAL, oneOf } from '../security/credentials.js'
import type { Publisher } from '../security/Publisher.js'
import { parseSinceOr, queryOf } from './query.js'
import { WebSocketConnection } from './WebSocketConnection.js'

const FIRST_FRAME_WITHIN_MS = 5000
const MAX_HELD_FRAMES = 16
/** Sends that may await their answer; beyond it the socket isn't read until one is answered. */
const MAX_OUTSTANDING_SENDS = 64

export interface SessionContext extends StreamContext {
  readonly identify: Identify
  readonly authorizeTopic: AuthorizeTopic
  readonly limits: ConnectionLimits
  readonly publisher: Publisher
  readonly maxTopics: number
  readonly onFault: (error: unknown) => void
}

type State =
  | { readonly name: 'waiting'; readonly deadline: NodeJS.Timeout }
  | { readonly name: 'holding'; readonly held: object[] }
  | { readonly name: 'open'; readonly connection: WebSocketConnection }
  | { readonly name: 'closed' }

export class WebSocketSession {
  readonly #context: SessionContext
  readonly #webSocket: WebSocket
  readonly #socket: Duplex
  readonly #request: IncomingMessage
  #state: State
  #topics = new Set<string>()
  #outstandingSends = 0
  #connection: WebSocketConnection | undefined
  #releaseUser: Release = () => {}

  constructor(
    context: SessionContext,
    webSocket: WebSocket,
    socket: Duplex,
    request: IncomingMessage,
  ) {
    this.#context = context
    this.#webSocket = webSocket
    this.#socket = socket
    this.#request = request
    const deadline = setTimeout(() => this.#close(CLOSE.noFirstFrame), FIRST_FRAME_WITHIN_MS)
    this.#state = { name: 'waiting', deadline }
    webSocket.on('message', (data, isBinary) => this.#receive(data, isBinary))
    webSocket.on('close', () => this.#closed())
    // `ws` closes by itself on a protocol error; without a listener the process would end.
    webSocket.on('error', () => {})
    webSocket.on('ping', (data) => {
      if (!socket.writableNeedDrain) webSocket.pong(data)
    })
  }

  /** Ends a session that has no connection yet; the hub ends the others. */
  refuse(code: CloseCode): void {
    if (this.#connection === undefined) this.#close(code)
  }

  destroy(): void {
    this.#webSocket.terminate()
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#state.name === 'closed') return
    const bytes = data as Buffer
    if (!isBinary && bytes.length > this.#context.maxPayloadBytes) return this.#refuseLarge()
    const frame = isBinary ? undefined : parseFrame(bytes)
    if (frame === undefined) return this.#close(CLOSE.badFrame)
    this.#handle(frame)
  }

  #refuseLarge(): void {
    const { maxPayloadBytes } = this.#context
    this.#sayError(new SyncError('too_large', `a frame may have at most ${maxPayloadBytes} bytes`))
    if (this.#state.name === 'waiting') this.#close(CLOSE.badFrame)
  }

  #handle(frame: { readonly op: string }): void {
    const state = this.#state
    switch (state.name) {
      case 'waiting':
        clearTimeout(state.deadline)
        if (frame.op !== 'connect') return this.#close(CLOSE.badFrame)
        return this.#holdUntil(this.#connect(frame))
      case 'holding':
        if (state.held.length === MAX_HELD_FRAMES) return this.#close(CLOSE.tooManyFrames)
        state.held.push(frame)
        return
      case 'open':
        if (frame.op === 'connect') return this.#close(CLOSE.badFrame)
        return this.#command(frame, state.connection)
      case 'closed':
        return
      default:
        return state satisfies never
    }
  }

  /** Holds what arrives until `step` has ended, then goes on in order. */
  #holdUntil(step: Promise<WebSocketConnection | undefined>): void {
    const held: { op: string }[] = []
    this.#state = { name: 'holding', held }
    const resume = (connection: WebSocketConnection | undefined) => {
      if (this.#state.name === 'closed' || connection === undefined) return
      this.#state = { name: 'open', connection }
      for (const frame of held.splice(0)) this.#handle(frame)
    }
    step.then(resume).catch((error: unknown) => this.#fault(error))
  }

  async #connect(frame: object): Promise<WebSocketConnection | undefined> {
    try {
      const { since, topics, token, ticket } = parseOrThrow(
        connectFrameSchema,
        frame,
        'invalid_request',
      )
      const start = parseSinceOr({ kind: 'now' }, since)
      const asked = parseTopics(topics, this.#context.maxTopics)
      const principal = await this.#identify({ token, ticket })
      if (this.#state.name === 'closed') return undefined
      this.#releaseUser = this.#context.limits.admitUser(principal.userId)
      const { allowed, denied } = divideTopics(principal, asked, this.#context.authorizeTopic)
      this.#topics = new Set(allowed)
      const audiences = [...ownAudiences(principal), ...topicAudiences(allowed)]
      const connection = new WebSocketConnection(
        this.#context,
        principal,
        this.#webSocket,
        this.#socket,
      )
      this.#connection = connection
      connection.open({ principal, audiences, topics: allowed, denied }, start)
      return connection
    } catch (error) {
      this.#refuseConnect(error)
      return undefined
    }
  }

  #refuseConnect(error: unknown): void {
    const { code } = publicError(error)
    if (code === 'internal') return this.#fault(error)
    this.#sayError(error)
    if (code === 'unauthorized') return this.#close(CLOSE.invalidToken)
    this.#close(code === 'unavailable' ? CLOSE.overCapacity : CLOSE.invalidConnect)
  }

  async #identify({ token, ticket }: Pick<ConnectFrame, 'token' | 'ticket'>) {
    const inRequest = credentialOf(this.#request, queryOf(this.#request))
    const inFrame = [
      token === undefined ? NO_CREDENTIAL : { kind: 'token' as const, token },
      ticket === undefined ? NO_CREDENTIAL : { kind: 'ticket' as const, ticket },
    ]
    return this.#context.identify(oneOf([inRequest, ...inFrame]), this.#request)
  }

  #command(frame: object, connection: WebSocketConnection): void {
    try {
      this.#run(parseOrThrow(commandFrameSchema, frame, 'invalid_request'), connection)
    } catch (error) {
      this.#sayError(error, refOf(frame))
    }
  }

  #run(command: CommandFrame, connection: WebSocketConnection): void {
    switch (command.op) {
      case 'subscribe':
        return this.#subscribe(command, connection)
      case 'unsubscribe':
        return this.#unsubscribe(command, connection)
      case 'send':
        return this.#send(command, connection)
      case 'refresh':
        return this.#holdUntil(this.#refresh(command, connection))
      case 'ping':
        return connection.say('ok', { ref: command.ref })
      default:
        return command satisfies never
    }
  }

  #subscribe({ topics, since, ref }: Command<'subscribe'>, connection: WebSocketConnection): void {
    const { maxTopics, authorizeTopic, log } = this.#context
    const asked = parseTopics(topics ?? null, maxTopics)
    parseTopics([...new Set([...this.#topics, ...asked])], maxTopics)
    const start = since === undefined ? undefined : parseSinceOr({ kind: 'now' }, since)
    requireTopics(connection.principal, asked, authorizeTopic)
    for (const topic of asked) this.#topics.add(topic)
    const audiences = topicAudiences(asked)
    const answer = (cursor: string, reason?: ResyncReason) => {
      const isResync = reason !== undefined
      connection.say('ok', {
        ref,
        cursor,
        resync: isResync,
        ...(isResync && { reason }),
        topics: asked,
      })
    }
    if (start === undefined) {
      const position = connection.addAudiences(audiences)
      if (ref !== undefined) answer(log.cursorAt(position))
    } else {
      connection.addAudiencesSince(audiences, start, answer)
    }
  }

  #unsubscribe({ topics, ref }: Command<'unsubscribe'>, connection: WebSocketConnection): void {
    const asked = parseTopics(topics ?? null, this.#context.maxTopics)
    for (const topic of asked) this.#topics.delete(topic)
    connection.removeAudiences(topicAudiences(asked))
    if (ref !== undefined) connection.say('ok', { ref })
  }

  #send({ message, ref }: Command<'send'>, connection: WebSocketConnection): void {
    this.#outstandingSends += 1
    if (this.#outstandingSends >= MAX_OUTSTANDING_SENDS) this.#webSocket.pause()
    this.#context.publisher
      .sendKeyed(connection.principal, message)
      .then(({ messageId, cursor, timestamp, isDuplicate }) => {
        if (ref === undefined) return
        connection.say('ok', { ref, messageId, cursor, timestamp, duplicate: isDuplicate })
      })
      .catch((error: unknown) => this.#sayError(error, ref))
      .finally(() => {
        this.#outstandingSends -= 1
        if (!connection.isBlocked) this.#webSocket.resume()
      })
  }

  async #refresh(
    { token, ref }: Command<'refresh'>,
    connection: WebSocketConnection,
  ): Promise<WebSocketConnection | undefined> {
    const { identify, authorizeTopic } = this.#context
    const credential: Credential = { kind: 'token', token }
    const principal = await identify(credential, this.#request).catch((error: unknown) => {
      this.#sayError(error, ref)
      return undefined
    })
    if (principal === undefined || principal.userId !== connection.principal.userId) {
      this.#close(CLOSE.invalidToken)
      return undefined
    }
    const { allowed, denied } = divideTopics(principal, [...this.#topics], authorizeTopic)
    this.#topics = new Set(allowed)
    connection.become(principal, [...ownAudiences(principal), ...topicAudiences(allowed)])
    if (ref !== undefined) connection.say('ok', { ref, dropped: denied })
    return connection
  }

  #sayError(error: unknown, ref?: Ref): void {
    const { code, message } = publicError(error)
    if (code === 'internal') this.#context.onFault(error)
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return
    const body = { ref, code, message }
    if (this.#connection !== undefined) return this.#connection.say('error', body)
    this.#webSocket.send(JSON.stringify({ op: 'error', ...body }))
  }

  #fault(error: unknown): void {
    this.#context.onFault(error)
    this.#close(CLOSE.internal)
  }

  #close(code: CloseCode): void {
    if (this.#state.name === 'waiting') clearTimeout(this.#state.deadline)
    this.#state = { name: 'closed' }
    this.#webSocket.resume()
    this.#webSocket.close(code.code, code.reason)
    this.#leave()
  }

  #closed(): void {
    if (this.#state.name === 'waiting') clearTimeout(this.#state.deadline)
    this.#state = { name: 'closed' }
    this.#leave()
  }

  #leave(): void {
    if (this.#connection !== undefined) this.#context.hub.remove(this.#connection)
    this.#releaseUser()
  }
}

/** A frame is an object with a string for its `op`; everything else is `undefined`. */
function parseFrame(bytes: Buffer): { op: string } | undefined {
  try {
    const frame: unknown = JSON.parse(bytes.toString())
    const isFrame = typeof frame === 'object' && frame !== null && Object.hasOwn(frame, 'op')
    return isFrame && typeof (frame as { op: unknown }).op === 'string'
      ? (frame as { op: string })
      : undefined
  } catch {
    return undefined
  }
}
