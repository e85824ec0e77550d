// The door for WebSockets: looks at an upgrade before it is answered, and at nothing that isn't
// for its path. Only a foreign Host or Origin, or what is no handshake, is refused before the
// upgrade; everything else is answered after it, since to a browser a refused upgrade is just 1006.

import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type PerMessageDeflateOptions, type WebSocket, WebSocketServer } from 'ws'
import { CLOSE } from '../../shared/closeCodes.js'
import { ConfigError, publicError, SyncError } from '../../shared/errors.js'
import { addressKey } from '../security/addresses.js'
import type { ConnectionLimits, Provisional } from '../security/ConnectionLimits.js'
import type { Gate } from '../security/Gate.js'
import type { HostRules } from '../security/hosts.js'
import { endWithError } from './answer.js'
import { DEFLATE, offersDeflate } from './deflateOffer.js'
import { PendingAnswers } from './PendingAnswers.js'
import { type SessionContext, WebSocketSession } from './WebSocketSession.js'

export const WEBSOCKET_PATH = '/ws'

/** Frames over `maxPayload` get an error; only one this much larger ends the socket (1009). */
const HARD_LIMIT_FACTOR = 16
/**
 * The same where frames may come compressed: a hundred bytes unpack to as much, and are kept while
 * the rest of a message is missing, also of those who have not said who they are.
 */
const UNPACKED_LIMIT_FACTOR = 2

/** Tiny fragments cost far more than their bytes; and how long a peer may take to close, in ms. */
const BOUNDS = { maxFragments: 1024, maxBufferedChunks: 16 * 1024, closeTimeout: 2000 }

/** How long an answer to an ignored upgrade may wait for its peer. */
const UNTAKEN_ANSWER_MS = 60_000

interface WebSocketManagerOptions extends SessionContext {
  readonly hostRules: HostRules
  readonly gate: Gate
  readonly limits: ConnectionLimits
}

export class WebSocketManager {
  readonly #options: WebSocketManagerOptions
  readonly #plain: WebSocketServer
  /** Absent where compression is switched off. */
  readonly #deflating: WebSocketServer | undefined
  readonly #sessions = new Set<WebSocketSession>()
  readonly #answers = new PendingAnswers()
  /** By server, how to let go of it. */
  readonly #attached = new Map<Server, () => void>()

  constructor(options: WebSocketManagerOptions) {
    this.#options = options
    const { maxPayloadBytes, compression } = options
    this.#plain = handshakes(maxPayloadBytes * HARD_LIMIT_FACTOR, false)
    if (compression !== undefined)
      this.#deflating = handshakes(maxPayloadBytes * UNPACKED_LIMIT_FACTOR, DEFLATE)
  }

  /** Sockets that are open, accepted or not. */
  get size(): number {
    return this.#sessions.size
  }

  /** Listens for upgrades. Throws where it does already: two would answer one socket twice. */
  attach(server: Server): void {
    if (this.#attached.has(server)) throw new ConfigError('this http.Server is attached already')
    const onUpgrade = (req: IncomingMessage, socket: Duplex, head: Buffer) => {
      // Before anything else: a reset on a socket without a listener ends the process.
      socket.on('error', () => socket.destroy())
      const isOurs = isWebSocket(req) && isForSync(req)
      // Where others listen, it may be theirs; where nobody does, it would hang unanswered.
      if (!isOurs && server.listenerCount('upgrade') > 1) return
      // An answer is under way, and no client changes the protocol before it has that.
      if (this.#answers.of(socket).size > 0) socket.destroy()
      else if (isOurs) this.#upgrade(req, socket, head)
      else if (isWebSocket(req)) endWithError(socket, new SyncError('not_found', 'no such path'))
      else serveWithoutUpgrade(server, req, socket as Socket)
    }
    const unwatch = this.#answers.watch(server)
    server.on('upgrade', onUpgrade)
    this.#attached.set(server, () => {
      server.off('upgrade', onUpgrade)
      unwatch()
    })
  }

  /** Listens for upgrades no longer. */
  detach(): void {
    for (const letGo of this.#attached.values()) letGo()
    this.#attached.clear()
  }

  /** Ends the sessions that never became connections. */
  refuseWaiting(): void {
    for (const session of this.#sessions) session.refuse(CLOSE.restarting)
  }

  destroyAll(): void {
    for (const session of this.#sessions) session.destroy()
  }

  #upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    try {
      this.#options.hostRules.assertHost(req)
      this.#options.hostRules.assertOrigin(req)
    } catch (error) {
      return endWithError(socket, publicError(error))
    }
    const wait = this.#options.turnstile.pass()
    if (wait === undefined) this.#answer(req, socket, head)
    else void wait.then(() => this.#answer(req, socket, head))
  }

  #answer(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const isDeflating = offersDeflate(req.headers['sec-websocket-extensions'])
    const server = isDeflating ? (this.#deflating ?? this.#plain) : this.#plain
    server.handleUpgrade(req, socket, head, (webSocket) =>
      this.#accept(webSocket, socket as Socket, req),
    )
  }

  #accept(webSocket: WebSocket, socket: Socket, req: IncomingMessage): void {
    const place = this.#admit(req, () => session.destroy())
    const session = new WebSocketSession(this.#options, webSocket, socket, req, place)
    this.#sessions.add(session)
    webSocket.on('close', () => {
      this.#sessions.delete(session)
      place?.release()
    })
    if (this.#options.gate.isDraining) session.refuse(CLOSE.restarting)
    else if (place === undefined) session.refuse(CLOSE.overCapacity)
  }

  /** `undefined` where there is no room. `makeWay`: see `ConnectionLimits`. */
  #admit(req: IncomingMessage, makeWay: () => void): Provisional | undefined {
    const { addressOf, limits } = this.#options
    try {
      return limits.admitUnproven(addressKey(addressOf(req)), makeWay)
    } catch {
      return undefined
    }
  }
}

function handshakes(
  maxPayload: number,
  perMessageDeflate: false | PerMessageDeflateOptions,
): WebSocketServer {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate,
    // Pings are answered by the session, and only while the peer reads.
    autoPong: false,
    maxPayload,
    ...BOUNDS,
    // `ws` would echo the first subprotocol that a client offers.
    handleProtocols: () => false,
  })
  server.on('wsClientError', (_error, socket) => {
    const what = 'this is not a WebSocket handshake of version 13'
    endWithError(socket, new SyncError('invalid_request', what))
  })
  return server
}

function isWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket'
}

/**
 * A server ignores an upgrade that it doesn't know (RFC 9110, section 7.8), such as the offer of
 * HTTP/2 by `curl --http2`. Node has stopped reading by then, so a body can't follow.
 */
function serveWithoutUpgrade(server: Server, req: IncomingMessage, socket: Socket): void {
  const hasBody =
    req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0
  if (hasBody)
    return endWithError(
      socket,
      new SyncError('invalid_request', 'leave out the Upgrade header: this server speaks HTTP/1.1'),
    )
  const res = new ServerResponse(req)
  // At an upgrade Node takes its own listeners off the socket, with all that they did.
  socket.on('end', () => socket.destroy())
  socket.on('drain', () => res.emit('drain'))
  socket.on('timeout', () => socket.destroy())
  socket.setTimeout(UNTAKEN_ANSWER_MS)
  res.shouldKeepAlive = false
  res.assignSocket(socket)
  res.once('finish', () => socket.end(() => socket.destroy()))
  server.emit('request', req, res)
}

function isForSync({ url = '' }: IncomingMessage): boolean {
  return url === WEBSOCKET_PATH || url.startsWith(`${WEBSOCKET_PATH}?`)
}
