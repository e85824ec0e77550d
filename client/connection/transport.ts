// One way of reading the log over the network: the interface that every transport implements. A
// transport knows nothing of the others, never reconnects, and says exactly once that it ended.

import type { Closure } from './closures.js'
import type { Frame } from './frames.js'

/** Best first. */
export const TRANSPORTS = ['websocket', 'sse', 'long-poll', 'poll'] as const
export type TransportName = (typeof TRANSPORTS)[number]

/** Where to read on, what to read, and as whom. */
export interface Reading {
  readonly since: string
  readonly topics: readonly string[]
  readonly token: string | undefined
}

/** What a link says: the server's frames, `connected` first, and at last how it ended. */
export type LinkEvent = Frame | { readonly op?: undefined; readonly closure: Closure }

/** One open connection of a transport. */
export interface Link {
  /** Ends it. Nothing is heard of it any more, not even its end. */
  close(): void
  /** Writes a frame, where the transport has a way up. */
  say?(frame: object): void
}

export interface Transport {
  readonly name: TransportName
  /** Starts connecting. Never throws; `emit` is first called after `open` has returned. */
  open(reading: Reading, emit: (event: LinkEvent) => void): Link
}
