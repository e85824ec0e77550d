// Counts the messages on a stream of Server-Sent Events, without reading what they say.

const MESSAGE = Buffer.from('event: message\n')
/** The longest beginning of it that is not all of it. */
const LONGEST = MESSAGE.length - 1
const LINE_FEED = 0x0a
const NOTHING = Buffer.alloc(0)

export class EventCounter {
  /** The end of what came, where it may be the beginning of another one. */
  #tail: Buffer = NOTHING

  /** Takes the first `end` bytes of a buffer. Answers how many messages they complete. */
  feed(buffer: Buffer, end = buffer.length): number {
    const bytes =
      this.#tail.length === 0
        ? buffer.subarray(0, end)
        : Buffer.concat([this.#tail, buffer.subarray(0, end)])
    let messages = 0
    let from = 0
    for (let at = bytes.indexOf(MESSAGE); at !== -1; at = bytes.indexOf(MESSAGE, from)) {
      messages += 1
      from = at + MESSAGE.length
    }
    // The line ends in a line feed, so no beginning of it does.
    const isWhole = bytes[bytes.length - 1] === LINE_FEED
    this.#tail = isWhole
      ? NOTHING
      : Buffer.from(bytes.subarray(Math.max(from, bytes.length - LONGEST)))
    return messages
  }
}
