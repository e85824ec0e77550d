// One client: a raw socket that says what its protocol asks for, and then counts.

import { connect, type Socket } from 'node:net'
import type { Rooms } from '../plan.js'
import { EventCounter } from './EventCounter.js'
import { FrameCounter } from './FrameCounter.js'
import { clientFrame, PROTOCOLS, type Protocol, type ProtocolName } from './protocols.js'

const PONG = clientFrame('', 0xa)
const SOCKET_IO_PONG = clientFrame('3')
/** All clients read into it, one after the other. */
const BUFFER = Buffer.allocUnsafe(256 * 1024)

export interface ClientOptions {
  readonly port: number
  readonly protocol: ProtocolName
  readonly rooms: Rooms
  readonly client: number
  readonly onDeliveries: (count: number) => void
  /** Told when the connection ends before `close` was called. */
  readonly onLost: (why: string) => void
}

export class Client {
  /** What arrived here so far. */
  deliveries = 0
  /** Read so far, of whatever kind. */
  bytes = 0
  readonly #options: ClientOptions
  readonly #protocol: Protocol
  readonly #socket: Socket
  readonly #counter: FrameCounter | EventCounter
  readonly #onIn: () => void
  #answer: string | undefined = ''
  #isIn = false

  constructor(options: ClientOptions, onIn: () => void) {
    this.#options = options
    this.#onIn = onIn
    this.#protocol = PROTOCOLS[options.protocol]
    const pong = (isSocketIo: boolean) => this.#socket.write(isSocketIo ? SOCKET_IO_PONG : PONG)
    this.#counter = options.protocol === 'sse' ? new EventCounter() : new FrameCounter(pong)
    const { port, client, rooms } = options
    const callback = (length: number) => {
      this.#read(length)
      return true
    }
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: BUFFER, callback },
    })
    this.#socket.write(this.#protocol.request(client, rooms))
    this.#socket.on('error', (error) => options.onLost(error.message))
    this.#socket.on('close', () => options.onLost('closed by the server'))
  }

  close(): void {
    this.#socket.removeAllListeners('close').removeAllListeners('error')
    this.#socket.on('error', () => {})
    this.#socket.destroy()
  }

  #read(length: number): void {
    this.bytes += length
    if (this.#answer !== undefined) return this.#readAnswer(length)
    this.#count(BUFFER, length)
  }

  #count(buffer: Buffer, length: number): void {
    const found = this.#counter.feed(buffer, length)
    if (!this.#isIn) return this.#greet()
    if (found === 0) return
    this.deliveries += found
    this.#options.onDeliveries(found)
  }

  #readAnswer(length: number): void {
    const { answered, firstFrame } = this.#protocol
    this.#answer += BUFFER.toString('latin1', 0, length)
    const end = this.#answer?.indexOf(answered) ?? -1
    if (end === -1) return
    const rest = Buffer.from(this.#answer?.slice(end + answered.length) ?? '', 'latin1')
    this.#answer = undefined
    const { client, rooms } = this.#options
    if (firstFrame !== undefined) this.#socket.write(clientFrame(firstFrame(client, rooms)))
    this.#count(rest, rest.length)
  }

  #greet(): void {
    const frames = this.#counter instanceof FrameCounter ? this.#counter.frames : 0
    if (frames < this.#protocol.greetings) return
    this.#isIn = true
    this.#onIn()
  }
}
