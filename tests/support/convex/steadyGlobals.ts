// convex-test puts accessors in the place of globals, and looks before each function whether they are
// still its own. In Jest's sandbox a setter is another object each time it is looked at, so it would
// put one accessor before the other, again and again, and soon do nothing else.

type Setter = (value: unknown) => void

/** To be called before the first `convexTest()`: from then on a global's setter is what was set. */
export function keepGlobalsSteady(): void {
  const { defineProperty, getOwnPropertyDescriptor } = Object
  const setters = new WeakMap<() => unknown, Setter>()
  Object.defineProperty = (target, key, descriptor) => {
    if (target === globalThis && descriptor.get && descriptor.set) {
      setters.set(descriptor.get, descriptor.set)
    }
    return defineProperty(target, key, descriptor)
  }
  Object.getOwnPropertyDescriptor = (target, key) => {
    const descriptor = getOwnPropertyDescriptor(target, key)
    const set = target === globalThis && descriptor?.get && setters.get(descriptor.get)
    return set ? { ...descriptor, set } : descriptor
  }
}
