// What a payload may hold. What JSON can't carry faithfully is refused here, never bent.

/** How deep arrays and objects may be nested: 5,000 levels pass `JSON.parse` and kill `JSON.stringify`. */
export const MAX_DEPTH = 32

/** Something that a message can't carry, and the way to it. */
interface PayloadFault {
  readonly path: string[]
  readonly message: string
}

/** The first thing in `value` that a message can't carry, or `undefined` where it can be carried. */
export function payloadFault(value: unknown, depth = 0): PayloadFault | undefined {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? undefined : fault('holds a lone surrogate')
    case 'number':
      return Number.isFinite(value) ? undefined : fault('must be a finite number')
    case 'boolean':
    case 'undefined':
      return undefined
    case 'object':
      return value === null ? undefined : objectFault(value, depth + 1)
    default:
      return fault(`must be a JSON value, not a ${typeof value}`)
  }
}

function objectFault(value: object, depth: number): PayloadFault | undefined {
  if (depth > MAX_DEPTH) return fault(`must be nested at most ${MAX_DEPTH} deep`)
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return payloadFault(value.toJSON(), depth)
  }
  if (!Array.isArray(value) && !isPlain(value)) {
    return fault('must be made of plain objects and arrays')
  }
  // JSON leaves an absent field out, but turns an absent item into null.
  if (Array.isArray(value) && value.includes(undefined)) {
    return fault('must not hold undefined in an array')
  }
  for (const [key, item] of Object.entries(value)) {
    if (!key.isWellFormed()) return fault('has a key with a lone surrogate')
    const inner = payloadFault(item, depth)
    if (inner !== undefined) return { ...inner, path: [key, ...inner.path] }
  }
  return undefined
}

const fault = (message: string): PayloadFault => ({ path: [], message })

/** By the shape of the prototype chain, since an object may come from another realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
