// What one connection gets in one turn of the event loop, as a path in a tree: each entry leads
// from the batch without it to the batch with it. Connections that need the same entries stand on
// the same batch, so its bytes are joined once and shared.
//
//        ┌─ e1 ─► [e1] ─ e2 ─► [e1 e2]      entries come in order and each is added to all of
//   [ ] ─┤                                  its connections before the next, so a batch needs to
//        └─ e2 ─► [e2]                      remember only its newest successor

import type { Entry } from '../brokers/Entry.js'
import type { Format } from './Format.js'

/** The entries of one turn, each encoded at most once per format. */
export class Turn {
  readonly empty = new Batch(this, undefined, undefined)
  readonly #frames = new Map<Format, Map<Entry, Buffer>>()

  frame(entry: Entry, format: Format): Buffer {
    const frames = this.#frames.get(format) ?? new Map<Entry, Buffer>()
    this.#frames.set(format, frames)
    const known = frames.get(entry)
    if (known !== undefined) return known
    const frame = format.entry(entry)
    frames.set(entry, frame)
    return frame
  }
}

export class Batch {
  readonly #turn: Turn
  readonly #before: Batch | undefined
  readonly #entry: Entry | undefined
  /** How many entries it holds. */
  readonly size: number
  readonly #bytes = new Map<Format, Buffer>()
  #successor: Batch | undefined

  constructor(turn: Turn, before: Batch | undefined, entry: Entry | undefined) {
    this.#turn = turn
    this.#before = before
    this.#entry = entry
    this.size = before === undefined ? 0 : before.size + 1
  }

  /** The last entry of the batch. */
  get last(): Entry | undefined {
    return this.#entry
  }

  with(entry: Entry): Batch {
    if (this.#successor?.last === entry) return this.#successor
    this.#successor = new Batch(this.#turn, this, entry)
    return this.#successor
  }

  /** All frames of the batch in order, as one buffer. */
  bytes(format: Format): Buffer {
    const known = this.#bytes.get(format)
    if (known !== undefined) return known
    const frames: Buffer[] = []
    for (let batch: Batch | undefined = this; batch !== undefined; batch = batch.#before) {
      if (batch.#entry !== undefined) frames.push(this.#turn.frame(batch.#entry, format))
    }
    const [only] = frames
    const joined =
      only !== undefined && frames.length === 1 ? only : Buffer.concat(frames.reverse())
    this.#bytes.set(format, joined)
    return joined
  }
}
