// What was appended in one turn of the event loop: entries in order, in runs that go to the same
// audience, so that whoever reads all of a run is asked once for it and not for each entry.

import type { AudienceKey } from '../../shared/audience.js'
import type { Position } from '../../shared/cursor.js'
import type { Entry } from '../brokers/Entry.js'
import { Batch } from './Batch.js'
import type { Format } from './Format.js'

/** A turn that holds this much is full, so that one loop can't collect without bound. */
const MAX_ENTRIES = 500
const MAX_CHARACTERS = 1 << 17

/** Entries of one kind, next to each other, for one audience. */
export interface Run {
  readonly kind: Entry['kind']
  readonly audience: readonly AudienceKey[]
  /** At least one. */
  readonly entries: readonly Entry[]
}

export class Turn {
  /** When its first entry arrived, by the log's clock. */
  readonly began: number
  readonly empty = new Batch(this, undefined, [])
  readonly #runs: { kind: Entry['kind']; audience: readonly AudienceKey[]; entries: Entry[] }[] = []
  #frames: Map<Format, Map<Entry, Buffer>> | undefined
  #last: Entry
  #size = 0
  #characters = 0

  constructor(first: Entry, began: number) {
    this.began = began
    this.#last = first
    this.add(first)
  }

  get runs(): readonly Run[] {
    return this.#runs
  }

  /** Where it ends. */
  get upTo(): Position {
    return this.#last
  }

  get isFull(): boolean {
    return this.#size >= MAX_ENTRIES || this.#characters >= MAX_CHARACTERS
  }

  add(entry: Entry): void {
    this.#last = entry
    this.#size += 1
    this.#characters += entry.json.length
    const run = this.#runs.at(-1)
    if (run !== undefined && isOfRun(entry, run)) run.entries.push(entry)
    else this.#runs.push({ kind: entry.kind, audience: entry.audience, entries: [entry] })
  }

  /** An entry as a format writes it: encoded at most once. */
  frame(entry: Entry, format: Format): Buffer {
    // It has one batch, which keeps what it is made of.
    if (this.#size === 1) return format.entry(entry)
    this.#frames ??= new Map()
    const frames = this.#frames.get(format) ?? new Map<Entry, Buffer>()
    this.#frames.set(format, frames)
    const known = frames.get(entry)
    if (known !== undefined) return known
    const frame = format.entry(entry)
    frames.set(entry, frame)
    return frame
  }
}

function isOfRun({ kind, audience }: Entry, run: Run): boolean {
  if (kind !== run.kind || audience.length !== run.audience.length) return false
  return audience.every((key, index) => key === run.audience[index])
}
