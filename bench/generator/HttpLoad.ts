// Requests over raw keep-alive sockets, one at a time on each: prebuilt bytes out, and of what comes
// back only the status and the Content-Length are read. An answer that isn't expected ends the run.

import { connect, type Socket } from 'node:net'
import { AnswerCounter } from './AnswerCounter.js'

const CHUNK_BYTES = 1 << 16

export interface RequestShape {
  readonly path: string
  readonly method?: string
  /** Sent as JSON. */
  readonly body?: string
  readonly token?: string
}

export class HttpLoad {
  readonly #sockets: Socket[] = []
  #port = 0
  /** Sent on each socket, in every run anew. */
  #request: Buffer = Buffer.alloc(0)
  #toSend = 0
  #toCome = 0
  #settle: { resolve(): void; reject(error: Error): void } | undefined

  /** Connects so many sockets, 100 at a time. */
  async open(port: number, sockets: number): Promise<void> {
    this.#port = port
    while (this.#sockets.length < sockets) {
      const missing = Math.min(100, sockets - this.#sockets.length)
      await Promise.all(Array.from({ length: missing }, () => this.#connect()))
    }
  }

  /** Sends so many requests, each socket its next one as soon as it has its answer. */
  run(request: RequestShape, requests: number): Promise<void> {
    this.#request = requestBytes(this.#port, request)
    this.#toSend = requests
    this.#toCome = requests
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      for (const socket of this.#sockets) this.#sendNext(socket)
    })
  }

  close(): void {
    this.#settle = undefined
    for (const socket of this.#sockets.splice(0)) socket.destroy()
  }

  #connect(): Promise<void> {
    const answers = new AnswerCounter()
    return new Promise((resolve, reject) => {
      const socket = connect({
        port: this.#port,
        host: '127.0.0.1',
        noDelay: true,
        onread: {
          // One for all: what is read is counted at once, and never kept.
          buffer: sharedBuffer,
          callback: (length) => {
            this.#read(socket, answers, length)
            return true
          },
        },
      })
      this.#sockets.push(socket)
      socket.once('connect', resolve)
      socket.once('error', reject)
      socket.once('close', () => this.#lose(socket))
    })
  }

  /** Who is silent for long is hung up on: `open` connects anew. */
  #lose(socket: Socket): void {
    const index = this.#sockets.indexOf(socket)
    if (index !== -1) this.#sockets.splice(index, 1)
    this.#settle?.reject(new Error('a socket was closed'))
  }

  #read(socket: Socket, counter: AnswerCounter, length: number): void {
    try {
      this.#take(socket, counter.read(sharedBuffer.subarray(0, length)))
    } catch (error) {
      this.#settle?.reject(error as Error)
    }
  }

  #take(socket: Socket, answers: number): void {
    if (answers === 0) return
    this.#toCome -= answers
    if (this.#toCome > 0) return this.#sendNext(socket)
    this.#settle?.resolve()
    this.#settle = undefined
  }

  #sendNext(socket: Socket): void {
    if (this.#toSend === 0) return
    this.#toSend -= 1
    socket.write(this.#request)
  }
}

const sharedBuffer = Buffer.alloc(CHUNK_BYTES)

function requestBytes(port: number, request: RequestShape): Buffer {
  const { path, method = 'GET', body = '', token } = request
  const lines = [`${method} ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`]
  if (token !== undefined) lines.push(`Authorization: Bearer ${token}`)
  if (body !== '') {
    lines.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`)
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`)
}
