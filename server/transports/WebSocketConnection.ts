// One accepted WebSocket as a streaming connection. Log entries are framed once for everybody and
// written to the upgraded socket itself, whose `write()` tells honestly when it is full; control
// frames and closing stay with `ws`, which compresses nothing here, so that it writes whole frames at once.

import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import { CLOSE, type CloseCode } from '../../shared/closeCodes.js'
import type { Position } from '../../shared/cursor.js'
import type { Principal } from '../../shared/principal.js'
import type { Batch } from '../delivery/Batch.js'
import type { Format } from '../delivery/Format.js'
import { StreamConnection, type StreamContext } from '../delivery/StreamConnection.js'
import type { Compression } from './Compression.js'
import { hasDeflate } from './deflateOffer.js'
import { webSocketFormat } from './webSocketFormat.js'

/** Pings that may stay unanswered before the peer counts as gone. */
const MAX_UNANSWERED_PINGS = 2

/** Why nothing is read: the peer doesn't take its answers, or has too many sends under way. */
type HoldReason = 'full' | 'busy'

export interface WebSocketContext extends StreamContext {
  /** Absent where it is switched off. */
  readonly compression?: Compression | undefined
}

export class WebSocketConnection extends StreamConnection {
  readonly transport = 'websocket'
  protected readonly format = webSocketFormat
  readonly #webSocket: WebSocket
  readonly #socket: Duplex
  #isFull = false
  #isBusy = false
  /** Absent where the client takes none. */
  readonly #compression: Compression | undefined
  #unansweredPings = 0

  constructor(
    context: WebSocketContext,
    principal: Principal,
    webSocket: WebSocket,
    socket: Duplex,
  ) {
    super(context, principal)
    this.#compression = hasDeflate(webSocket) ? context.compression : undefined
    this.#webSocket = webSocket
    this.#socket = socket
    socket.on('drain', () => {
      this.letGo('full')
      // Node says so before the event loop turns: a fast reader would take its whole history in one.
      setImmediate(() => this.drained())
    })
  }

  /** The peer has said something. */
  heard(): void {
    this.#unansweredPings = 0
  }

  /** Reads nothing from the peer until every reason for it is gone. */
  hold(reason: HoldReason): void {
    this.#setHeld(reason, true)
    this.#webSocket.pause()
  }

  letGo(reason: HoldReason): void {
    this.#setHeld(reason, false)
    if (!this.#isFull && !this.#isBusy) this.#webSocket.resume()
  }

  #setHeld(reason: HoldReason, isHeld: boolean): void {
    if (reason === 'full') this.#isFull = isHeld
    else this.#isBusy = isHeld
  }

  get isOpen(): boolean {
    return this.#webSocket.readyState === WebSocket.OPEN
  }

  protected override get sharedFormat(): Format {
    return this.#compression?.frames ?? this.format
  }

  override deliver(batch: Batch, upTo: Position): void {
    super.deliver(batch, upTo)
    this.#compression?.noteFrames(batch)
  }

  protected write(bytes: Buffer): boolean {
    const hasRoom = this.#socket.write(bytes)
    if (!hasRoom) this.hold('full')
    return hasRoom
  }

  expire(): void {
    this.#end(CLOSE.staleToken)
  }

  override beat(): void {
    if (this.#unansweredPings >= MAX_UNANSWERED_PINGS) return this.#end(CLOSE.didNotRead)
    this.#unansweredPings += 1
    this.#webSocket.ping()
    super.beat()
  }

  close(): void {
    this.closeWith(CLOSE.restarting)
  }

  closeWith({ code, reason }: CloseCode): void {
    // A paused socket would never see the peer's half of the closing handshake.
    this.#webSocket.resume()
    this.#webSocket.close(code, reason)
  }

  destroy(): void {
    this.#webSocket.terminate()
  }

  /** A peer that takes nothing would not take the close either. */
  #end(code: CloseCode): void {
    if (this.isBlocked) this.destroy()
    else this.closeWith(code)
  }
}
