// What came, in order, the newest last: a bounded window on the log, told to the page at most ten
// times a second however much comes.

import type { MessageOf, ResyncReason } from '../../connection/index.js'

/** Older entries leave the window; the log is the record. */
export const MAX_ENTRIES = 5000
const TELL_EVERY_MS = 100

export type Entry =
  | { readonly kind: 'message'; readonly key: number; readonly message: MessageOf }
  | {
      readonly kind: 'resync'
      readonly key: number
      readonly reason: ResyncReason
      readonly at: number
    }

/** `''` lets all through. */
export interface Filter {
  readonly type: string
  readonly topic: string
}

export interface FeedSnapshot {
  readonly entries: readonly Entry[]
  /** All that ever came, also what has left the window. */
  readonly total: number
  readonly types: readonly string[]
  readonly topics: readonly string[]
}

const EMPTY: FeedSnapshot = { entries: [], total: 0, types: [], topics: [] }
/** Names offered as filters: those that were new last. */
const MAX_NAMES = 200

export class Feed {
  #entries: Entry[] = []
  #total = 0
  #nextKey = 0
  readonly #types = new Set<string>()
  readonly #topics = new Set<string>()
  readonly #listeners = new Set<() => void>()
  #snapshot = EMPTY
  #isTelling = false

  readonly getSnapshot = (): FeedSnapshot => this.#snapshot

  readonly subscribe = (onChange: () => void): (() => void) => {
    this.#listeners.add(onChange)
    return () => this.#listeners.delete(onChange)
  }

  addMessage(message: MessageOf): void {
    this.#total++
    remember(this.#types, message.type)
    for (const topic of message.topics ?? []) remember(this.#topics, topic)
    this.#add({ kind: 'message', key: this.#nextKey++, message })
  }

  addResync(reason: ResyncReason): void {
    this.#add({ kind: 'resync', key: this.#nextKey++, reason, at: Date.now() })
  }

  clear(): void {
    this.#entries = []
    this.#total = 0
    this.#types.clear()
    this.#topics.clear()
    this.#tell()
  }

  #add(entry: Entry): void {
    this.#entries.push(entry)
    // Seldom and by the thousand: dropping one at each arrival would move all the others.
    if (this.#entries.length > MAX_ENTRIES * 1.2) this.#entries = this.#entries.slice(-MAX_ENTRIES)
    this.#tellSoon()
  }

  #tellSoon(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    setTimeout(() => this.#tell(), TELL_EVERY_MS)
  }

  #tell(): void {
    this.#isTelling = false
    this.#snapshot = {
      entries: this.#entries.slice(-MAX_ENTRIES),
      total: this.#total,
      types: [...this.#types].sort(),
      topics: [...this.#topics].sort(),
    }
    for (const listener of this.#listeners) listener()
  }
}

/** A resync concerns whatever is looked for. */
export function passes(entry: Entry, { type, topic }: Filter): boolean {
  if (entry.kind === 'resync') return true
  const { message } = entry
  if (type !== '' && message.type !== type) return false
  return topic === '' || (message.topics ?? []).includes(topic)
}

function remember(names: Set<string>, name: string): void {
  if (names.has(name)) return
  names.add(name)
  const [oldest] = names
  if (names.size > MAX_NAMES && oldest !== undefined) names.delete(oldest)
}
