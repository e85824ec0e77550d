// How messages are spread over audiences when the log is measured: what it keeps beside a message
// depends on that.

/** Whose the n-th message is. */
type Audience = { readonly topics: readonly [string] } | { readonly userId: string }

export interface Shape {
  readonly title: string
  readonly audienceAt: (n: number) => Audience
}

export const SHAPES: readonly Shape[] = [
  { title: '1,000 topics', audienceAt: (n) => ({ topics: [`batch:${n % 1000}`] }) },
  { title: 'one topic', audienceAt: () => ({ topics: ['orders'] }) },
  { title: 'a user each', audienceAt: (n) => ({ userId: `user-${n}` }) },
]
