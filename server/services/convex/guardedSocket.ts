// The WebSocket that Convex's client is given. That client throws where it doesn't understand a frame,
// out of an event that nobody could catch: here it is caught, and the client replaced.

import { WebSocket } from 'ws'

interface SocketHooks {
  /** A frame came, of whatever kind. */
  onFrame(): void
  /** The client could not go on with what it was sent. */
  onBroken(error: unknown): void
}

const HANDSHAKE_TIMEOUT_MS = 10_000

/** What `new` makes a socket of that tells these hooks. */
export function guardedSocket(hooks: SocketHooks): typeof globalThis.WebSocket {
  class GuardedSocket extends WebSocket {
    constructor(address: string) {
      super(address, { handshakeTimeout: HANDSHAKE_TIMEOUT_MS })
    }

    override emit(event: string | symbol, ...args: unknown[]): boolean {
      if (event === 'message') hooks.onFrame()
      try {
        return super.emit(event, ...args)
      } catch (error) {
        hooks.onBroken(error)
        this.terminate()
        return true
      }
    }
  }
  return GuardedSocket as unknown as typeof globalThis.WebSocket
}
