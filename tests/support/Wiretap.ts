// All bytes that the clients of this process are sent, whichever library they use: what a test did
// not look at was received all the same.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

const CHANNEL = 'net.client.socket'

export class Wiretap {
  readonly #chunks = new Map<Socket, Buffer[]>()
  readonly #listen = (message: unknown) => this.#tap((message as { socket: Socket }).socket)

  constructor() {
    subscribe(CHANNEL, this.#listen)
  }

  /** What each connection received. */
  get received(): Buffer[] {
    return [...this.#chunks.values()].map((chunks) => Buffer.concat(chunks))
  }

  stop(): void {
    unsubscribe(CHANNEL, this.#listen)
  }

  /** A listener for data would make a socket flow that its owner has paused. */
  #tap(socket: Socket): void {
    const chunks: Buffer[] = []
    this.#chunks.set(socket, chunks)
    const push = socket.push.bind(socket)
    socket.push = (chunk, encoding) => {
      if (Buffer.isBuffer(chunk)) chunks.push(chunk)
      return push(chunk, encoding)
    }
  }
}
