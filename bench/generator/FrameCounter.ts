// Counts what a WebSocket is sent by the headers of its frames alone (RFC 6455, section 5.2): what a
// message says is never looked at, so that counting costs next to nothing.

const PING = 0x9

/** Frames with at least this much are deliveries; heartbeats and the like are shorter. */
export const DELIVERY_BYTES = 200

export class FrameCounter {
  readonly #onPing: (isSocketIo: boolean) => void
  /** Data frames of any size. */
  frames = 0
  #left = 0
  #isDelivery = false
  /** A header that has not all arrived. */
  #begun: Buffer | undefined

  /** `onPing` is told of what wants an answer: a ping of the protocol, or one of Socket.IO's. */
  constructor(onPing: (isSocketIo: boolean) => void) {
    this.#onPing = onPing
  }

  /** Takes the first `end` bytes of a buffer. Answers how many deliveries they complete. */
  feed(buffer: Buffer, end = buffer.length): number {
    if (this.#begun === undefined) return this.#count(buffer, end)
    const bytes = Buffer.concat([this.#begun, buffer.subarray(0, end)])
    this.#begun = undefined
    return this.#count(bytes, bytes.length)
  }

  #count(buffer: Buffer, end: number): number {
    let deliveries = 0
    let at = 0
    while (at < end) {
      if (this.#left === 0) {
        const header = this.#header(buffer, at, end)
        if (header === 0) return deliveries
        at += header
      }
      const step = Math.min(this.#left, end - at)
      at += step
      this.#left -= step
      if (this.#left === 0 && this.#isDelivery) {
        this.#isDelivery = false
        deliveries += 1
      }
    }
    return deliveries
  }

  /** Reads the header at `at`. Answers its length, or 0 where it is cut off, and keeps that part. */
  #header(buffer: Buffer, at: number, end: number): number {
    const length = end - at < 2 ? 0 : headerLength(buffer[at + 1] ?? 0)
    if (length === 0 || end - at < length) {
      this.#begun = Buffer.from(buffer.subarray(at, end))
      return 0
    }
    this.#left = payloadLength(buffer, at, length)
    this.#isDelivery = this.#left >= DELIVERY_BYTES
    if (((buffer[at] ?? 0) & 0xf) === PING) this.#onPing(false)
    else this.frames += 1
    if (this.#left === 1 && buffer[at + length] === 0x32) this.#onPing(true)
    return length
  }
}

function headerLength(second: number): number {
  const short = second & 0x7f
  return short < 126 ? 2 : short === 126 ? 4 : 10
}

function payloadLength(buffer: Buffer, at: number, header: number): number {
  if (header === 2) return (buffer[at + 1] ?? 0) & 0x7f
  return header === 4 ? buffer.readUInt16BE(at + 2) : Number(buffer.readBigUInt64BE(at + 2))
}
