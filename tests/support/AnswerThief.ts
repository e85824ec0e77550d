// A TCP relay that steals answers to sends: the server has taken the message, its answer is dropped
// and the connection with it.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Stands in every answer to a send, over HTTP and WebSocket alike, and in no message. */
const ANSWER = '"messageId"'

export class AnswerThief {
  /** How many answers it may still steal. */
  left = 0
  stolen = 0
  /** Whether new connections are refused. */
  isShut = false
  /** Called with each chunk that a client sends; what it returns is waited for first. */
  delay: (chunk: string) => Promise<void> | undefined = () => undefined
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(upstreamPort: number) {
    this.#server = createServer((client) => {
      if (this.isShut) return client.destroy()
      this.#relay(client, connect(upstreamPort, '127.0.0.1'))
    })
  }

  static async start(upstreamPort: number): Promise<AnswerThief> {
    const thief = new AnswerThief(upstreamPort)
    thief.#server.listen(0, '127.0.0.1')
    await once(thief.#server, 'listening')
    return thief
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #relay(client: Socket, upstream: Socket): void {
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
    let passed: Promise<void> | undefined
    client.on('data', (chunk: Buffer) => {
      const delay = this.delay(chunk.toString('latin1'))
      if (!delay && !passed) return upstream.write(chunk)
      passed = Promise.all([passed, delay]).then(() => void upstream.write(chunk))
      return
    })
    upstream.on('data', (chunk: Buffer) => {
      if (this.left === 0 || !chunk.includes(ANSWER)) return client.write(chunk)
      this.left -= 1
      this.stolen += 1
      client.destroy()
      return
    })
  }
}
