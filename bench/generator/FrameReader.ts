// Reads WebSocket frames with what they say (RFC 6455, section 5.2), where counting isn't enough.

export const TEXT = 0x1
export const PING = 0x9
export const PONG = 0xa

/** Cuts what a server sends into frames. They may not be compressed or fragmented. */
export class FrameReader {
  readonly #onFrame: (opcode: number, payload: Buffer) => void
  #rest: Buffer = Buffer.alloc(0)

  constructor(onFrame: (opcode: number, payload: Buffer) => void) {
    this.#onFrame = onFrame
  }

  read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    for (;;) {
      const frame = frameAt(bytes, at)
      if (frame === undefined) break
      at = frame.end
      this.#onFrame(frame.opcode, bytes.subarray(frame.start, frame.end))
    }
    // A copy: what is kept must not keep the whole chunk alive.
    this.#rest = at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at))
  }
}

interface FoundFrame {
  readonly opcode: number
  readonly start: number
  readonly end: number
}

/** `undefined` where it has not come whole. */
function frameAt(bytes: Buffer, at: number): FoundFrame | undefined {
  const [first, second] = [bytes[at], bytes[at + 1]]
  if (first === undefined || second === undefined) return undefined
  const short = second & 0x7f
  const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10
  const start = at + headBytes
  if (start > bytes.length) return undefined
  const length = short < 126 ? short : long(bytes, at, short)
  if (start + length > bytes.length) return undefined
  return { opcode: first & 0x0f, start, end: start + length }
}

function long(bytes: Buffer, at: number, short: number): number {
  return short === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUInt32BE(at + 6)
}
