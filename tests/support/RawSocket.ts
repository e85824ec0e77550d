// Bytes on a TCP connection, for clients that no library would let us be: halves of requests,
// frames that break the rules, peers that reset, freeze or never hang up.

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { resetSocket } from './resetSocket.js'
import { waitFor } from './waitFor.js'

interface FrameOptions {
  readonly isFinal?: boolean
  readonly isMasked?: boolean
  /** The reserved bits, 0–7. */
  readonly reserved?: number
}

export interface RawFrame {
  readonly opcode: number
  /** The reserved bits, 0–7; the first says that it is deflated. */
  readonly reserved: number
  readonly payload: Buffer
}

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 }

/** A frame as a client sends it: masked, unless told otherwise. */
export function clientFrame(
  opcode: number,
  payload: string | Uint8Array = '',
  { isFinal = true, isMasked = true, reserved = 0 }: FrameOptions = {},
): Buffer {
  const data = Buffer.from(payload as string)
  const first = (isFinal ? 0x80 : 0) | (reserved << 4) | opcode
  const bit = isMasked ? 0x80 : 0
  let header: Buffer
  if (data.length < 126) {
    header = Buffer.from([first, bit | data.length])
  } else if (data.length < 0x10000) {
    header = Buffer.from([first, bit | 126, data.length >> 8, data.length & 0xff])
  } else {
    header = Buffer.alloc(10)
    header[0] = first
    header[1] = bit | 127
    header.writeBigUInt64BE(BigInt(data.length), 2)
  }
  if (!isMasked) return Buffer.concat([header, data])
  const mask = randomBytes(4)
  const masked = data.map((byte, index) => byte ^ (mask[index & 3] as number))
  return Buffer.concat([header, mask, masked])
}

/** A frame's text for an object, masked. */
export const jsonFrame = (frame: object): Buffer => clientFrame(OPCODE.text, JSON.stringify(frame))

export class RawSocket {
  readonly socket: Socket
  /** Resolves when the connection is gone, however it ended. */
  readonly closed: Promise<void>
  readonly #host: string
  #chunks: Buffer[] = []
  #hasEnded = false

  private constructor(url: string, allowHalfOpen: boolean) {
    const { hostname, port, host } = new URL(url)
    this.#host = host
    this.socket = connect({ host: hostname, port: Number(port), allowHalfOpen })
    this.socket.on('error', () => {})
    this.socket.on('data', (chunk) => this.#chunks.push(chunk))
    this.socket.on('end', () => {
      this.#hasEnded = true
    })
    this.closed = new Promise((resolve) => this.socket.on('close', () => resolve()))
  }

  /** `allowHalfOpen`: a peer that does not hang up when the server does. */
  static async open(url: string, { allowHalfOpen = false } = {}): Promise<RawSocket> {
    const raw = new RawSocket(url, allowHalfOpen)
    await once(raw.socket, 'connect')
    return raw
  }

  /** An upgraded connection, ready for frames. */
  static async upgraded(url: string, headers: Record<string, string> = {}): Promise<RawSocket> {
    const raw = await RawSocket.open(url)
    raw.writeUpgrade(headers)
    await waitFor('the upgrade', () => raw.text.startsWith('HTTP/1.1 101'))
    return raw
  }

  /** An upgraded connection that the server has accepted. */
  static async connected(
    url: string,
    connectFrame: object = {},
    headers: Record<string, string> = {},
  ): Promise<RawSocket> {
    const raw = await RawSocket.upgraded(url, headers)
    raw.write(jsonFrame({ op: 'connect', ...connectFrame }))
    await waitFor('"connected"', () => raw.text.includes('"op":"connected"'))
    return raw
  }

  /** All bytes that came so far, each as one character. */
  get text(): string {
    return this.#received.toString('latin1')
  }

  /** Whether the server has ended its half. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** The frames that came after the answer to the upgrade. */
  get frames(): RawFrame[] {
    const bytes = this.#received
    const frames: RawFrame[] = []
    let at = bytes.indexOf('\r\n\r\n') + 4
    while (at + 2 <= bytes.length) {
      const [first = 0, second = 0] = bytes.subarray(at)
      const short = second & 0x7f
      const [headerLength, length] =
        short < 126
          ? [2, short]
          : short === 126
            ? [4, bytes.readUInt16BE(at + 2)]
            : [10, Number(bytes.readBigUInt64BE(at + 2))]
      const payload = bytes.subarray(at + headerLength, at + headerLength + length)
      if (payload.length < length) break
      frames.push({ opcode: first & 0x0f, reserved: (first >> 4) & 7, payload })
      at += headerLength + length
    }
    return frames
  }

  /** The JSON frames that came so far. */
  get said(): { op: string; code?: string; [field: string]: unknown }[] {
    return this.frames
      .filter(({ opcode }) => opcode === OPCODE.text)
      .map(({ payload }) => JSON.parse(payload.toString()))
  }

  /** The code of the close frame, 1005 where it carries none; `undefined` while there is no frame. */
  get closeCode(): number | undefined {
    const frame = this.frames.find(({ opcode }) => opcode === OPCODE.close)
    if (frame === undefined) return undefined
    return frame.payload.length < 2 ? 1005 : frame.payload.readUInt16BE(0)
  }

  /** Writes, and tells whether the kernel took it. */
  write(data: string | Uint8Array): boolean {
    return this.socket.write(data)
  }

  writeUpgrade(headers: Record<string, string> = {}, path = '/ws'): void {
    const all = {
      Host: this.#host,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    }
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
    this.write([`GET ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'))
  }

  /** Reads no more; what the server writes piles up on its side. */
  freeze(): void {
    this.socket.pause()
  }

  /** Ends the connection with a TCP reset. */
  reset(): void {
    resetSocket(this.socket)
  }

  async close(): Promise<void> {
    this.socket.destroy()
    await this.closed
  }

  get #received(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0] ?? Buffer.alloc(0)
  }
}
