// Convex's values as JSON. What JSON hasn't is refused rather than bent.

/** Throws, naming the place, for integers of 64 bits, bytes, and numbers that are none. */
export function jsonOf(payload: unknown): string {
  return JSON.stringify(payload, (key, value: unknown) => {
    const fault = faultOf(value)
    if (fault !== undefined)
      throw new Error(`payload: ${key === '' ? 'it' : `"${key}"`} is ${fault}`)
    return value
  })
}

function faultOf(value: unknown): string | undefined {
  if (typeof value === 'bigint') return 'an integer of 64 bits: make it a string'
  if (typeof value === 'number' && !Number.isFinite(value)) return `${value}, which JSON hasn't`
  if (value instanceof ArrayBuffer) return 'bytes: make them a string'
  return undefined
}
