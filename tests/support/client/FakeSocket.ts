// The client's end of a WebSocket to the `FakeServer`.

import type { Environment, SocketLike } from '../../../client/connection/environment.js'
import type { FakeLine } from './FakeLine.js'
import type { FakeServer, Peer } from './FakeServer.js'

class FakeSocket implements SocketLike {
  onopen: SocketLike['onopen'] = null
  onmessage: SocketLike['onmessage'] = null
  onclose: SocketLike['onclose'] = null
  onerror: SocketLike['onerror'] = null
  readonly #line: FakeLine
  readonly #server: FakeServer
  readonly #peer: Peer
  #hasConnected = false

  constructor(line: FakeLine, server: FakeServer, isRefused: boolean) {
    this.#line = line
    this.#server = server
    this.#peer = {
      say: (op, body) => {
        const data = JSON.stringify({ op, ...body })
        line.down(() => this.onmessage?.({ data } as never))
      },
      close: (code) => line.down(() => this.#end(code)),
    }
    line.onCut = () => this.onclose?.({ code: 1006 } as never)
    line.onLeft = () => server.left(this.#peer)
    if (isRefused) line.down(() => this.#end(1006))
    else line.down(() => line.isOpen && this.onopen?.({} as never))
  }

  send(text: string): void {
    const frame = JSON.parse(text)
    this.#line.up(() => {
      if (this.#hasConnected) this.#server.command(this.#peer, frame)
      else this.#server.connect(this.#peer, frame)
      this.#hasConnected = true
    })
  }

  close(): void {
    this.#line.close()
  }

  #end(code: number): void {
    this.#line.close()
    this.onclose?.({ code } as never)
  }
}

/** A `WebSocket` whose instances run on lines made by `openLine`. */
export function socketConstructor(
  server: FakeServer,
  openLine: () => FakeLine,
  isRefused: () => boolean,
): NonNullable<Environment['WebSocket']> {
  return class extends FakeSocket {
    constructor() {
      super(openLine(), server, isRefused())
    }
  }
}
