// The answers that an HTTP connection still waits for: with pipelining there may be several, and
// who writes to its socket meanwhile would write into the midst of them.

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

export class PendingAnswers {
  readonly #pending = new WeakMap<Duplex, Set<ServerResponse>>()

  /** Follows what is asked of this server from now on. Returns how to stop. */
  watch(server: Server): () => void {
    const note = ({ socket }: IncomingMessage, res: ServerResponse) => {
      const pending = this.#pending.get(socket) ?? new Set()
      this.#pending.set(socket, pending.add(res))
      res.once('close', () => pending.delete(res))
    }
    // Before whoever answers: an answer may be given at once.
    server.prependListener('request', note)
    return () => server.off('request', note)
  }

  of(socket: Duplex): ReadonlySet<ServerResponse> {
    return this.#pending.get(socket) ?? new Set()
  }
}
