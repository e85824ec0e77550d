// One client of a user on each transport that holds a connection, to see how they end.

import { type Answer, Api } from './Api.js'
import { SocketClient } from './SocketClient.js'
import { StreamClient } from './StreamClient.js'
import type { TestServer } from './testServer.js'
import { waitFor } from './waitFor.js'

interface Ends {
  /** The socket's close code. */
  readonly socket: number
  /** What `closed` said on the stream, before it ended. */
  readonly stream: unknown
  readonly poll: number
}

export const EXPIRED: Ends = { socket: 4401, stream: { code: 4401 }, poll: 401 }

export class LiveReaders {
  readonly socket: SocketClient
  readonly stream: StreamClient
  readonly #poll: Promise<Answer>
  #isPollHeld = true

  private constructor(socket: SocketClient, stream: StreamClient, poll: Promise<Answer>) {
    this.socket = socket
    this.stream = stream
    this.#poll = poll
    void poll.finally(() => {
      this.#isPollHeld = false
    })
  }

  /** Resolves when all of them are held by the server. */
  static async open({ url, server }: TestServer, token: string): Promise<LiveReaders> {
    const held = () =>
      (server.stats() as { connections: { longPoll: number } }).connections.longPoll
    const before = held()
    const socket = await SocketClient.connect(url, { token })
    const stream = await StreamClient.open(url, { token })
    await stream.next('connected')
    const poll = new Api(url, token).poll({ since: 'now', wait: 25 })
    await waitFor('the poll to be held', () => held() > before)
    return new LiveReaders(socket, stream, poll)
  }

  /** How they end; fails where one of them doesn't. */
  async ends(): Promise<Ends> {
    const { code } = await within('the socket to close', this.socket.closed)
    const { data } = await this.stream.next('closed')
    await within('the stream to end', this.stream.ended)
    const { status } = await within('the poll to be answered', this.#poll)
    return { socket: code, stream: data, poll: status }
  }

  /** Whether all of them are still served. */
  async areServed(): Promise<boolean> {
    const pong = await this.socket.ask({ op: 'ping' })
    const isStreaming = !this.stream.response.closed && !this.stream.response.readableEnded
    return pong.op === 'ok' && isStreaming && this.#isPollHeld
  }
}

async function within<Value>(what: string, promise: Promise<Value>): Promise<Value> {
  let ended: { readonly value: Value } | undefined
  void promise.then((value) => {
    ended = { value }
  })
  return (await waitFor(what, () => ended, 6000)).value
}
