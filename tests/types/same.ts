// Compares types, in both directions and down to `readonly`, `any` and `unknown`.

export type Equal<One, Other> =
  (<Any>() => Any extends One ? 1 : 2) extends <Any>() => Any extends Other ? 1 : 2 ? true : false

/** Compiles only for types that are the same. */
export function same<_IsSame extends true>(): void {}
