// WebSocket frames for those who take permessage-deflate (RFC 7692): an entry that is large enough
// and goes to enough connections is compressed, once for all of them. Everything else is framed as
// for the others, which the extension allows frame by frame.

import { constants, deflateRawSync } from 'node:zlib'
import type { Entry } from '../brokers/Entry.js'
import type { Batch } from '../delivery/Batch.js'
import type { Format } from '../delivery/Format.js'
import { frame, payloadOf, webSocketFormat } from './webSocketFormat.js'

/** Of text, and deflated (the first reserved bit). */
const FINAL_DEFLATED_TEXT = 0xc1

/** A client may ask for a window this small; 4 KiB lose little, and are quick to set up. */
export const WINDOW_BITS = 12
export const MAX_WINDOW_BITS = 15

const OPTIONS = {
  level: 1,
  windowBits: WINDOW_BITS,
  memLevel: 6,
  finishFlush: constants.Z_SYNC_FLUSH,
} as const
/** What ends every sync flush; the receiver puts it back (section 7.2.1). */
const TAIL_BYTES = 4

/** Larger ones would hold the event loop for milliseconds. */
const MAX_BYTES = 1 << 20
/** A frame that shrinks by less is sent as it is: unpacking costs its readers, too. */
const MAX_SHARE = 0.8

interface DeflatedFormatOptions {
  /** Frames of fewer bytes stay as they are. */
  readonly minBytes: number
  /** How many connections an entry goes to, at least. */
  readonly readersOf: (entry: Entry) => number
}

export class DeflatedFormat implements Format {
  readonly #options: DeflatedFormatOptions
  /** Bytes saved with each reader. */
  readonly #saved = new WeakMap<Entry, number>()
  readonly #savedIn = new WeakMap<Batch, number>()

  constructor(options: DeflatedFormatOptions) {
    this.#options = options
  }

  entry(entry: Entry): Buffer {
    const plain = webSocketFormat.entry(entry)
    if (!this.isWorthIt(entry, plain.length)) return plain
    const deflated = deflatedFrame(payloadOf(plain))
    if (deflated.length > plain.length * MAX_SHARE) return plain
    this.#saved.set(entry, plain.length - deflated.length)
    return deflated
  }

  event(name: string, bodyJson: string): Buffer {
    return webSocketFormat.event(name, bodyJson)
  }

  /** Bytes that a connection is spared by getting this batch in this format. */
  savedIn(batch: Batch): number {
    const known = this.#savedIn.get(batch)
    if (known !== undefined) return known
    const saved = batch.entries.reduce((sum, entry) => sum + (this.#saved.get(entry) ?? 0), 0)
    this.#savedIn.set(batch, saved)
    return saved
  }

  isWorthIt(entry: Entry, bytes: number): boolean {
    const { minBytes, readersOf } = this.#options
    return bytes >= minBytes && bytes <= MAX_BYTES && readersOf(entry) >= readersFor(bytes)
  }
}

/**
 * One deflation costs its readers together at most a seventh of what their writes do, also where
 * nothing shrinks: in a server at work it takes 40–90 µs for a frame of a few KiB (a tenth of that in
 * a loop by itself) and 10 µs more for each KiB, where a write takes 6 µs and more.
 */
const readersFor = (bytes: number): number => 64 + bytes / 128

function deflatedFrame(payload: Buffer): Buffer {
  const deflated = deflateRawSync(payload, { ...OPTIONS, chunkSize: payload.length + 64 })
  return frame(FINAL_DEFLATED_TEXT, deflated.subarray(0, -TAIL_BYTES))
}
