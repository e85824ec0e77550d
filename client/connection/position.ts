// Where a reader stands in the log, and which messages the application already has from beyond
// that place. While two links overlap, each has a position of its own: that is what makes a
// hand-over free of gaps and repeats.

export interface Position {
  /** Opaque. `undefined` before the server has named one. */
  cursor: string | undefined
  /** What came by another link since this position was forked: dropped when it comes again. */
  readonly repeats: Set<string>
}

/** An overlap lasts seconds; this is for a server that makes it last. */
const MAX_REPEATS = 20_000

/** The same place, for another link to read on from; without one, a new client's. */
export const forkOf = (position?: Position): Position => ({
  cursor: position?.cursor,
  repeats: new Set(position?.repeats),
})

export function remember({ repeats }: Position, id: string): void {
  if (repeats.size >= MAX_REPEATS) repeats.delete(repeats.values().next().value as string)
  repeats.add(id)
}
