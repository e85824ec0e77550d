// One accepted WebSocket as a streaming connection. Log entries are framed once for everybody and
// written to the upgraded socket itself, whose `write()` tells honestly when it is full; control
// frames and closing stay with `ws`, which without compression always writes whole frames.

import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import { CLOSE, type CloseCode } from '../../shared/closeCodes.js'
import type { Principal } from '../../shared/principal.js'
import { StreamConnection, type StreamContext } from '../delivery/StreamConnection.js'
import { webSocketFormat } from './webSocketFormat.js'

/** Pings that may stay unanswered before the peer counts as gone. */
const MAX_UNANSWERED_PINGS = 2

/** Why nothing is read: the peer doesn't take its answers, or has too many sends under way. */
type HoldReason = 'full' | 'busy'

export class WebSocketConnection extends StreamConnection {
  readonly transport = 'websocket'
  protected readonly format = webSocketFormat
  readonly #webSocket: WebSocket
  readonly #socket: Duplex
  readonly #holds = new Set<HoldReason>()
  #unansweredPings = 0

  constructor(context: StreamContext, principal: Principal, webSocket: WebSocket, socket: Duplex) {
    super(context, principal)
    this.#webSocket = webSocket
    this.#socket = socket
    const isAlive = () => {
      this.#unansweredPings = 0
    }
    webSocket.on('pong', isAlive)
    webSocket.on('message', isAlive)
    socket.on('drain', () => {
      this.letGo('full')
      // Node says so before the event loop turns: a fast reader would take its whole history in one.
      setImmediate(() => this.drained())
    })
  }

  /** Reads nothing from the peer until every reason for it is gone. */
  hold(reason: HoldReason): void {
    this.#holds.add(reason)
    this.#webSocket.pause()
  }

  letGo(reason: HoldReason): void {
    this.#holds.delete(reason)
    if (this.#holds.size === 0) this.#webSocket.resume()
  }

  get isOpen(): boolean {
    return this.#webSocket.readyState === WebSocket.OPEN
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
