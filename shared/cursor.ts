// A cursor is a position in the log plus the log's identity (its epoch), like a Redis stream id.
// Clients treat it as opaque; only this file knows what is inside.

/** A place in the log's total order: Unix milliseconds, then a counter within that millisecond. */
export interface Position {
  readonly ms: number
  readonly counter: number
}

/** A position together with the epoch (the log's identity) in which it means something. */
export interface Cursor extends Position {
  readonly epoch: string
}

/** Before everything. */
export const ORIGIN: Position = { ms: 0, counter: 0 }

const CURSOR = /^(\d{1,16})-(\d{1,20})\.([a-z0-9]{6,16})$/

/** Negative where `a` is before `b`, zero where they are the same place. */
export function comparePositions(a: Position, b: Position): number {
  return a.ms - b.ms || a.counter - b.counter
}

/** The bare position of something that has one: to keep it must not keep the thing alive. */
export function positionOf({ ms, counter }: Position): Position {
  return { ms, counter }
}

/** The later of two positions. */
export function laterOf(a: Position, b: Position): Position {
  return comparePositions(a, b) >= 0 ? a : b
}

/** The earlier of two positions. */
export function earlierOf(a: Position, b: Position): Position {
  return comparePositions(a, b) <= 0 ? a : b
}

export function formatCursor({ ms, counter }: Position, epoch: string): string {
  return `${ms}-${counter}.${epoch}`
}

/**
 * Digits beyond 2^53 lose precision here, which is harmless: the log never has such a position, so
 * all that matters is that it compares as far ahead. A counter is cut off there, since a reader that
 * stands there is told so, and more digits might not be a cursor any more.
 */
export function parseCursor(text: string): Cursor | undefined {
  const match = CURSOR.exec(text)
  if (match === null) return undefined
  const [, ms, counter, epoch] = match
  const bounded = Math.min(Number(counter), Number.MAX_SAFE_INTEGER)
  return { ms: Number(ms), counter: bounded, epoch: String(epoch) }
}

/** Where a reader asks to begin. */
export type Since =
  | { readonly kind: 'cursor'; readonly cursor: Cursor }
  | { readonly kind: 'timestamp'; readonly ms: number }
  | { readonly kind: 'oldest' }
  | { readonly kind: 'now' }

/**
 * Reads a `since`: a cursor, `now`, `0` (everything retained) or a bare millisecond timestamp;
 * JSON frames may give the last two as integers. `undefined` where it is none of these.
 */
export function parseSince(value: unknown): Since | undefined {
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && value >= 0 ? parseSince(String(value)) : undefined
  }
  if (typeof value !== 'string') return undefined
  if (value === 'now') return { kind: 'now' }
  if (value === '0') return { kind: 'oldest' }
  if (/^\d{1,16}$/.test(value)) return { kind: 'timestamp', ms: Number(value) }
  const cursor = parseCursor(value)
  return cursor && { kind: 'cursor', cursor }
}
