// Saves the work of computing the same again and again: for a bounded number of short texts, what
// was made of them.

import { OldestFirst } from '../../shared/OldestFirst.js'

/** Longer ones are computed each time: they come from outside, and would be kept. */
const MAX_TEXT_LENGTH = 256

/**
 * Remembers what `compute` gave for up to `max` texts; the one that came first makes way. For what
 * depends on the text alone. A fault is not remembered.
 */
export function remembering<Value>(
  max: number,
  compute: (text: string) => Value,
): (text: string) => Value {
  const known = new OldestFirst<{ readonly value: Value }>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined) return found.value
    const value = compute(text)
    if (text.length > MAX_TEXT_LENGTH) return value
    if (known.size >= max && known.oldest !== undefined) known.delete(known.oldest[0])
    known.set(text, { value })
    return value
  }
}
