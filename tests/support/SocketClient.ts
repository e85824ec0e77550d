// A WebSocket as a test sees it: frames in order, and how it ended.

import { once } from 'node:events'
import { type ClientOptions, WebSocket } from 'ws'
import { noteOpen } from './openClients.js'
import { Inbox, waitFor } from './waitFor.js'

// biome-ignore lint/suspicious/noExplicitAny: tests look into frames freely
export type Frame = any

export class SocketClient {
  readonly frames = new Inbox<Frame>()
  readonly socket: WebSocket
  /** Resolves when the socket has closed. */
  readonly closed: Promise<{ code: number; reason: string }>

  constructor(
    url: string,
    { path = '/ws', ...options }: ClientOptions & { readonly path?: string } = {},
  ) {
    this.socket = new WebSocket(`${url.replace(/^http/, 'ws')}${path}`, options)
    this.socket.on('message', (data) => this.frames.add(JSON.parse(String(data))))
    this.socket.on('error', () => {})
    this.socket.on(
      'close',
      noteOpen(() => this.close()),
    )
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }))
    })
  }

  /** A socket that has been accepted: `connected` is the answer to its `connect`. */
  static async connect(
    url: string,
    connect: object = {},
    options: ClientOptions = {},
  ): Promise<SocketClient & { connected: Frame }> {
    const client = new SocketClient(url, options)
    await client.opened()
    client.send({ op: 'connect', ...connect })
    const connected = await client.next('connected')
    return Object.assign(client, { connected })
  }

  async opened(): Promise<void> {
    if (this.socket.readyState === WebSocket.CONNECTING) await once(this.socket, 'open')
  }

  /** An object goes out as JSON, text and bytes as they are. */
  send(frame: object | string | Buffer): void {
    const isRaw = typeof frame === 'string' || Buffer.isBuffer(frame)
    this.socket.send(isRaw ? frame : JSON.stringify(frame))
  }

  /** The next frame with this op, heartbeats and others passed over. */
  next(op: string, withinMs?: number): Promise<Frame> {
    return this.frames.next(`a frame "${op}"`, (frame) => frame.op === op, withinMs)
  }

  /** Sends a frame with a `ref` and waits for its `ok` or `error`. */
  async ask(frame: { op: string; [field: string]: unknown }): Promise<Frame> {
    const ref = `r${Math.random()}`
    this.send({ ...frame, ref })
    const seen = this.frames.all
    return waitFor(`an answer to "${frame.op}"`, () => seen.find((answer) => answer.ref === ref))
  }

  /** The messages that came so far. */
  get messages(): Frame[] {
    return this.frames.all.filter(({ op }) => op === 'message').map(({ message }) => message)
  }

  async close(): Promise<void> {
    this.socket.terminate()
    await this.closed
  }
}
