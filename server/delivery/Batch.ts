// What one connection gets of a turn, as a path in a tree: each run of entries leads from the batch
// without it to the batch with it. Connections that need the same entries stand on the same batch,
// so its bytes are joined once and shared.
//
//        ┌─ r1 ─► [r1] ─ r2 ─► [r1 r2]      runs come in order and each is added to all of
//   [ ] ─┤                                  its connections before the next, so a batch needs to
//        └─ r2 ─► [r2]                      remember only its newest successor

import type { Entry } from '../brokers/Entry.js'
import type { Format } from './Format.js'

/** Where a batch has its frames from: each is encoded once for all batches. */
interface Frames {
  frame(entry: Entry, format: Format): Buffer
}

export class Batch {
  readonly #frames: Frames
  readonly #before: Batch | undefined
  readonly #entries: readonly Entry[]
  /** How many entries it holds. */
  readonly size: number
  #bytes: Map<Format, Buffer> | undefined
  #successor: Batch | undefined

  constructor(frames: Frames, before: Batch | undefined, entries: readonly Entry[]) {
    this.#frames = frames
    this.#before = before
    this.#entries = entries
    this.size = (before?.size ?? 0) + entries.length
  }

  /** The last entry of the batch. */
  get last(): Entry | undefined {
    return this.#entries.at(-1)
  }

  /** This batch and these entries: the same one for the same list. */
  with(entries: readonly Entry[]): Batch {
    if (this.#successor !== undefined && this.#successor.#entries === entries) {
      return this.#successor
    }
    this.#successor = new Batch(this.#frames, this, entries)
    return this.#successor
  }

  /** All of them, in order. */
  get entries(): readonly Entry[] {
    return this.#before === undefined || this.#before.size === 0
      ? this.#entries
      : [...this.#before.entries, ...this.#entries]
  }

  /** All frames of the batch in order, as one buffer. */
  bytes(format: Format): Buffer {
    const known = this.#bytes?.get(format)
    if (known !== undefined) return known
    const frames = this.entries.map((entry) => this.#frames.frame(entry, format))
    const [only] = frames
    const joined = only !== undefined && frames.length === 1 ? only : Buffer.concat(frames)
    this.#bytes ??= new Map()
    this.#bytes.set(format, joined)
    return joined
  }
}
