// One WebSocket client over a raw socket: upgrades, introduces itself, and hands over what it reads.

import { connect, type Socket } from 'node:net'
import type { Dialect, Introduction } from './dialects.js'
import { FrameReader, PING, PONG, TEXT } from './FrameReader.js'
import { clientFrame } from './protocols.js'

const HEAD_END = Buffer.from('\r\n\r\n')

export interface WireClientOptions {
  readonly port: number
  readonly dialect: Dialect
  readonly introduction: Introduction
  /** Every text frame, the answer to the introduction among them. */
  readonly onText?: ((text: string) => void) | undefined
}

export class WireClient {
  /** Resolves when the server has taken it in. */
  readonly answered: Promise<this>
  readonly #options: WireClientOptions
  readonly #socket: Socket
  readonly #reader = new FrameReader((opcode, payload) => this.#take(opcode, payload))
  #head: Buffer | undefined = Buffer.alloc(0)
  #isIntroduced = false
  #settle: { resolve(client: WireClient): void; reject(error: Error): void } | undefined

  constructor(options: WireClientOptions) {
    this.#options = options
    const { port, dialect } = options
    this.answered = new Promise((resolve, reject) => {
      this.#settle = { resolve: () => resolve(this), reject }
    })
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.setNoDelay(true)
    this.#socket.write(upgradeRequest(port, dialect.path))
    this.#socket.on('data', (chunk) => this.#read(chunk))
    this.#socket.on('error', (error) => this.#settle?.reject(error))
    this.#socket.on('close', () => this.#settle?.reject(new Error('closed before it was taken in')))
  }

  destroy(): void {
    this.#settle = undefined
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    if (this.#head === undefined) return this.#reader.read(chunk)
    this.#head = Buffer.concat([this.#head, chunk])
    const end = this.#head.indexOf(HEAD_END)
    if (end < 0) return
    const head = this.#head.toString('latin1', 0, end)
    const rest = this.#head.subarray(end + HEAD_END.length)
    this.#head = undefined
    if (!head.startsWith('HTTP/1.1 101')) {
      this.#settle?.reject(new Error(`no upgrade: ${head.split('\r\n')[0]}`))
      return this.destroy()
    }
    if (!this.#options.dialect.awaitsGreeting) this.#introduce()
    if (rest.length > 0) this.#reader.read(rest)
  }

  #introduce(): void {
    this.#isIntroduced = true
    this.#send(this.#options.dialect.introduce(this.#options.introduction))
  }

  #take(opcode: number, payload: Buffer): void {
    if (opcode === PING) this.#socket.write(clientFrame(payload.toString('latin1'), PONG))
    if (opcode !== TEXT) return
    if (!this.#isIntroduced) return this.#introduce()
    const text = payload.toString()
    const { dialect, onText } = this.#options
    if (this.#settle !== undefined && dialect.isAnswer(text)) {
      this.#settle.resolve(this)
      this.#settle = undefined
    }
    onText?.(text)
    const reply = dialect.reply?.(text)
    if (reply !== undefined) this.#send(reply)
  }

  #send(text: string): void {
    this.#socket.write(clientFrame(text))
  }
}

function upgradeRequest(port: number, path: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    '\r\n',
  ].join('\r\n')
}
