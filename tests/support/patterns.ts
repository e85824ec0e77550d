// The forms that the wire contract fixes.

export const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
export const CURSOR = /^\d{1,16}-\d{1,20}\.[a-z0-9]{6,16}$/

/** A cursor as numbers that can be compared within one epoch. */
export function cursorOrder(cursor: string): readonly [bigint, bigint] {
  const [milliseconds = '', counter = ''] = cursor.split(/[-.]/)
  return [BigInt(milliseconds), BigInt(counter)]
}

export function isLater(cursor: string, than: string): boolean {
  const [milliseconds, counter] = cursorOrder(cursor)
  const [otherMilliseconds, otherCounter] = cursorOrder(than)
  return (
    milliseconds > otherMilliseconds ||
    (milliseconds === otherMilliseconds && counter > otherCounter)
  )
}
