// What a payload may hold. What JSON can't carry faithfully is refused here, never bent.

import type { ErrorDetail } from './errors.js'

/** How deep arrays and objects may be nested: 5,000 levels pass `JSON.parse` and kill `JSON.stringify`. */
export const MAX_DEPTH = 32

/** The first thing in `value` that a message can't carry, or `undefined` where it can be carried. */
export function payloadFault(value: unknown, path = 'payload', depth = 0): ErrorDetail | undefined {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? undefined : { path, message: 'holds a lone surrogate' }
    case 'number':
      return Number.isFinite(value) ? undefined : { path, message: 'must be a finite number' }
    case 'boolean':
    case 'undefined':
      return undefined
    case 'object':
      return value === null ? undefined : objectFault(value, path, depth + 1)
    default:
      return { path, message: `must be a JSON value, not a ${typeof value}` }
  }
}

function objectFault(value: object, path: string, depth: number): ErrorDetail | undefined {
  if (depth > MAX_DEPTH) return { path, message: `must be nested at most ${MAX_DEPTH} deep` }
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return payloadFault(value.toJSON(), path, depth)
  }
  if (!Array.isArray(value) && !isPlain(value)) {
    return { path, message: 'must be made of plain objects and arrays' }
  }
  for (const [key, item] of Object.entries(value)) {
    if (!key.isWellFormed()) return { path, message: 'has a key with a lone surrogate' }
    const fault = payloadFault(item, `${path}.${key.slice(0, 64)}`, depth)
    if (fault !== undefined) return fault
  }
  return undefined
}

/** By the shape of the prototype chain, since an object may come from another realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
