// What the setting COMPRESSION switches on: frames that are deflated once for all their readers,
// and large pages of polls. It counts what that spares the network.

import type { Batch } from '../delivery/Batch.js'
import type { ConnectionHub } from '../delivery/ConnectionHub.js'
import { DeflatedFormat } from './DeflatedFormat.js'
import { type Encoding, encode } from './encodings.js'

/** A smaller page costs more to compress than to send. */
const MIN_PAGE_BYTES = 4096

interface CompressionOptions {
  readonly minBytes: number
  readonly hub: Pick<ConnectionHub, 'count'>
}

export class Compression {
  /** For what several connections get at once. */
  readonly frames: DeflatedFormat
  /** Pages of polls with fewer stay as they are. */
  readonly minPageBytes: number
  readonly #underWay = new Map<string, Promise<Buffer>>()
  #savedBytes = 0

  constructor({ minBytes, hub }: CompressionOptions) {
    // The largest audience alone: looked up, where counting all of them would walk through them.
    const readersOf = (audience: readonly string[]) =>
      audience.reduce((most, key) => Math.max(most, hub.count([key])), 0)
    this.frames = new DeflatedFormat({
      minBytes,
      readersOf: ({ audience }) => readersOf(audience),
    })
    this.minPageBytes = Math.max(minBytes, MIN_PAGE_BYTES)
  }

  /** Bytes that were not written since the start. */
  get savedBytes(): number {
    return this.#savedBytes
  }

  /** Counts a batch that one connection got in `frames`. */
  noteFrames(batch: Batch): void {
    this.#savedBytes += this.frames.savedIn(batch)
  }

  notePage(bytes: number, encodedBytes: number): void {
    this.#savedBytes += bytes - encodedBytes
  }

  /** Compresses a page. Polls that are woken by one message share the work. */
  page(text: string, encoding: Encoding): Promise<Buffer> {
    const key = `${encoding} ${text}`
    const known = this.#underWay.get(key)
    if (known !== undefined) return known
    const encoded = encode(text, encoding).finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, encoded)
    return encoded
  }
}
