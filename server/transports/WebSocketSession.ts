// The conversation on one WebSocket: first `connect`, then commands. A tagged state says where it
// stands; what arrives while an answer is awaited is held, in order, up to a bound.
//
//   waiting ── connect ──► holding ── principal known ──► open ◄──► holding (refresh)
//      │ 5 s, or another frame  │ refused                  │ a frame that breaks the rules
//      └────────────────────────┴──────────► closed ◄──────┘

import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { RawData, WebSocket } from 'ws'
import { CLOSE, type CloseCode } from '../../shared/closeCodes.js'
import type { Since } from '../../shared/cursor.js'
import { type ErrorCode, publicError, SyncError } from '../../shared/errors.js'
import { type ConnectFrame, connectFrameSchema, type Ref, refOf } from '../../shared/frames.js'
import { parseOrThrow } from '../../shared/message.js'
import type { Principal } from '../../shared/principal.js'
import type { Granted } from '../delivery/StreamConnection.js'
import { type Access, parseTopics } from '../security/Access.js'
import type { Admission } from '../security/Admission.js'
import { type AddressOf, type Asker, addressKey } from '../security/addresses.js'
import type { Identify } from '../security/authenticate.js'
import type { Provisional, Release } from '../security/ConnectionLimits.js'
import { credentialOf, NO_CREDENTIAL, oneOf } from '../security/credentials.js'
import type { RateLimits } from '../security/RateLimits.js'
import { FrameMeter } from './FrameMeter.js'
import { parseSinceOr, queryOf } from './query.js'
import type { Turnstile } from './Turnstile.js'
import { type CommandContext, WebSocketCommands } from './WebSocketCommands.js'
import { WebSocketConnection, type WebSocketContext } from './WebSocketConnection.js'

const FIRST_FRAME_WITHIN_MS = 5000
const MAX_HELD_FRAMES = 16
/** Of a masked frame (RFC 6455, section 5.2): at most, and of a ping or pong. */
const FRAME_HEADER_BYTES = 14
const CONTROL_HEADER_BYTES = 6
/** A frame that is refused, as frames: who goes on and on is cut off. */
const REFUSED_WEIGHT = 20
/** Refusals that are no fault of the client's. */
const OWN_FAULTS: ReadonlySet<ErrorCode> = new Set(['unavailable', 'internal'])

export interface SessionContext extends WebSocketContext, CommandContext {
  readonly access: Access
  readonly addressOf: AddressOf
  readonly identify: Identify
  /** Whether it looks at headers, so that they are kept for a new token. */
  readonly readsHeaders: boolean
  /** 0 is no limit. */
  readonly maxFramesPerSecond: number
  readonly monotonicNow: () => number
  readonly admission: Pick<Admission, 'admit'>
  readonly rateLimits: Pick<RateLimits, 'chargeRead' | 'chargeFrames'>
  readonly turnstile: Turnstile
  readonly onFault: (error: unknown) => void
}

interface Frame {
  readonly op: string
}

/** A frame, and how large it came. */
interface Received {
  readonly frame: Frame
  readonly bytes: number
}

type State =
  | { readonly name: 'waiting'; readonly deadline: NodeJS.Timeout }
  | { readonly name: 'holding'; readonly held: Received[] }
  | { readonly name: 'open'; readonly commands: WebSocketCommands }
  | { readonly name: 'closed' }

export class WebSocketSession {
  readonly #context: SessionContext
  readonly #webSocket: WebSocket
  readonly #socket: Socket
  /** What it came with, until it is known who it is; then only what a new token is judged with. */
  #handshake: IncomingMessage | string
  readonly #meter: FrameMeter
  readonly #place: Provisional | undefined
  #state: State
  #bytesUnproven = 0
  #connection: WebSocketConnection | undefined
  #release: Release = ignore

  constructor(
    context: SessionContext,
    webSocket: WebSocket,
    socket: Socket,
    request: IncomingMessage,
    place: Provisional | undefined,
  ) {
    this.#context = context
    this.#webSocket = webSocket
    this.#socket = socket
    this.#handshake = request
    this.#place = place
    this.#meter = new FrameMeter(context.maxFramesPerSecond, context.monotonicNow)
    socket.on('data', this.#onData)
    const deadline = setTimeout(() => this.#close(CLOSE.noFirstFrame), FIRST_FRAME_WITHIN_MS)
    this.#state = { name: 'waiting', deadline }
    webSocket.on('message', (data, isBinary) => this.#receive(data, isBinary))
    webSocket.on('close', () => this.#closed())
    // `ws` closes by itself on a protocol error; without a listener the process would end.
    webSocket.on('error', ignore)
    webSocket.on('ping', (data) => {
      if (this.#takeControlFrame(data) && !socket.writableNeedDrain) webSocket.pong(data)
    })
    webSocket.on('pong', (data) => {
      this.#connection?.heard()
      this.#takeControlFrame(data)
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
    this.#connection?.heard()
    if (this.#state.name === 'closed' || !this.#takeFrame()) return
    const bytes = data as Buffer
    if (!isBinary && bytes.length > this.#context.maxPayloadBytes) return this.#refuseLarge()
    const frame = isBinary ? undefined : parseFrame(bytes)
    if (frame === undefined) return this.#close(CLOSE.badFrame)
    this.#handle({ frame, bytes: bytes.length })
  }

  /**
   * Comes after `ws`, which keeps what it has of a frame: nobody fills the memory who has not said
   * who he is.
   */
  readonly #onData = (chunk: Buffer) => {
    this.#bytesUnproven += chunk.length
    if (this.#bytesUnproven <= this.#context.maxPayloadBytes + FRAME_HEADER_BYTES) return
    if (this.#state.name === 'waiting') this.#refuseLarge()
    this.#webSocket.pause()
  }

  /** Counts a frame. False where there were too many: the socket is closed. */
  #takeFrame(weight = 1): boolean {
    if (this.#meter.take(weight) && this.#userMay(weight)) return true
    if (this.#state.name !== 'closed') this.#close(CLOSE.tooManyFrames)
    return false
  }

  /** Not kept, so not among what a socket may make the server keep. */
  #takeControlFrame({ length }: Buffer): boolean {
    this.#bytesUnproven -= CONTROL_HEADER_BYTES + length
    return this.#takeFrame()
  }

  #userMay(frames: number): boolean {
    try {
      const { principal } = this.#connection ?? {}
      if (principal !== undefined) this.#context.rateLimits.chargeFrames(principal, frames)
      return true
    } catch {
      return false
    }
  }

  #refuseLarge(): void {
    const { maxPayloadBytes } = this.#context
    this.sayError(new SyncError('too_large', `a frame may have at most ${maxPayloadBytes} bytes`))
    if (this.#state.name === 'waiting') this.#close(CLOSE.badFrame)
  }

  #handle(received: Received): void {
    const { frame } = received
    const state = this.#state
    switch (state.name) {
      case 'waiting':
        clearTimeout(state.deadline)
        if (frame.op !== 'connect') return this.#close(CLOSE.badFrame)
        return this.#holdUntil(this.#connect(frame))
      case 'holding':
        if (state.held.length === MAX_HELD_FRAMES) return this.#close(CLOSE.tooManyFrames)
        state.held.push(received)
        return this.#boundHeld(state.held)
      case 'open':
        if (frame.op === 'connect') return this.#close(CLOSE.badFrame)
        return this.#command(received, state.commands)
      case 'closed':
        return
      default:
        return state satisfies never
    }
  }

  /** Compressed frames are small on the wire: those of one who is unproven are counted unpacked. */
  #boundHeld(held: readonly Received[]): void {
    if (this.#connection !== undefined) return
    const bytes = held.reduce((sum, received) => sum + received.bytes, 0)
    if (bytes > this.#context.maxPayloadBytes) this.#close(CLOSE.tooManyFrames)
  }

  /** Holds what arrives until `step` has ended, then goes on in order. */
  #holdUntil(step: Promise<WebSocketCommands | undefined>): void {
    const held: Received[] = []
    this.#state = { name: 'holding', held }
    const resume = (commands: WebSocketCommands | undefined) => {
      if (this.#state.name === 'closed' || commands === undefined) return
      this.#state = { name: 'open', commands }
      for (const received of held.splice(0)) this.#handle(received)
    }
    step.then(resume).catch((error: unknown) => this.#fault(error))
  }

  async #connect(frame: object): Promise<WebSocketCommands | undefined> {
    try {
      const asked = parseOrThrow(connectFrameSchema, frame, 'invalid_request')
      const since = parseSinceOr({ kind: 'now' }, asked.since)
      const topics = parseTopics(asked.topics, this.#context.maxTopics)
      await this.#context.turnstile.pass()
      const principal = await this.#identify(asked)
      if (this.#hasEnded) return undefined
      this.#context.rateLimits.chargeRead(principal)
      const granted = this.#context.access.grant(principal, topics)
      const address = addressKey(this.#context.addressOf(this.#asker))
      const reached = await this.#context.reach(since)
      const release = await this.#context.admission.admit(principal, address)
      if (this.#hasEnded) {
        release()
        return undefined
      }
      this.#release = release
      return this.#open(principal, granted, reached ?? since)
    } catch (error) {
      return this.#refuse(error)
    }
  }

  /** Asked after a wait, during which it may have. */
  get #hasEnded(): boolean {
    return this.#state.name === 'closed'
  }

  #open(principal: Principal, granted: Granted, since: Since): WebSocketCommands {
    const connection = new WebSocketConnection(
      this.#context,
      principal,
      this.#webSocket,
      this.#socket,
    )
    this.#connection = connection
    this.#place?.prove()
    this.#socket.off('data', this.#onData)
    this.#handshake = this.#context.readsHeaders ? JSON.stringify(this.#asker.headers) : '{}'
    this.#webSocket.resume()
    connection.open(granted, since)
    return new WebSocketCommands(this.#context, connection, this)
  }

  /** Who this token of the same peer stands for. */
  identifyAnew(token: string): Promise<Principal> {
    return this.#context.identify({ kind: 'token', token }, this.#asker)
  }

  get #asker(): Asker {
    const handshake = this.#handshake
    if (typeof handshake !== 'string') return handshake
    return { headers: JSON.parse(handshake), socket: this.#socket }
  }

  /** Ends a conversation whose `connect` or `refresh` was refused. */
  #refuse(error: unknown, ref?: Ref): undefined {
    this.sayError(error, ref)
    this.#close(publicError(error).close)
  }

  async #identify({ token, ticket }: Pick<ConnectFrame, 'token' | 'ticket'>) {
    const request = this.#handshake as IncomingMessage
    const inRequest = credentialOf(request, queryOf(request))
    const inFrame = [
      token === undefined ? NO_CREDENTIAL : { kind: 'token' as const, token },
      ticket === undefined ? NO_CREDENTIAL : { kind: 'ticket' as const, ticket },
    ]
    return this.#context.identify(oneOf([inRequest, ...inFrame]), request)
  }

  #command({ frame, bytes }: Received, commands: WebSocketCommands): void {
    try {
      const refreshed = commands.run(frame, bytes)
      if (refreshed === undefined) return
      const refused = (error: unknown) => {
        // Nothing was found wrong with the new token, and the old one is still good.
        const isUndecided = publicError(error).code === 'unavailable'
        if (!isUndecided) return this.#refuse(error, refOf(frame))
        this.sayError(error, refOf(frame))
        return commands
      }
      this.#holdUntil(refreshed.then(() => commands, refused))
    } catch (error) {
      this.sayError(error, refOf(frame))
    }
  }

  sayError(error: unknown, ref?: Ref): void {
    const { code, message, retryAfterSeconds } = publicError(error)
    if (code === 'internal') this.#context.onFault(error)
    if (!OWN_FAULTS.has(code) && !this.#takeFrame(REFUSED_WEIGHT)) return
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return
    const retryAfterMs = retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1000
    const body = { ref, code, message, retryAfterMs }
    if (this.#connection !== undefined) return this.#connection.say('error', body)
    this.#webSocket.send(JSON.stringify({ op: 'error', ...body }), { compress: false })
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
    this.#release()
  }
}

const ignore = (): void => {}

/** A frame is an object with a string for its `op`; everything else is `undefined`. */
function parseFrame(bytes: Buffer): Frame | undefined {
  try {
    const frame: unknown = JSON.parse(bytes.toString())
    const isFrame = typeof frame === 'object' && frame !== null && Object.hasOwn(frame, 'op')
    return isFrame && typeof (frame as { op: unknown }).op === 'string'
      ? (frame as Frame)
      : undefined
  } catch {
    return undefined
  }
}
