// What a comparison of the live messages with the log has come to, as numbers and as the first faults.

export type FaultKind = 'missing' | 'repeated' | 'outOfOrder'

export interface Fault {
  readonly kind: FaultKind
  /** The message's. */
  readonly id: string
}

export interface ProofCounts {
  /** Arrived once, and stands in the log; none before it in the log arrived after it. */
  readonly verified: number
  /** In the log, and the connection has passed it without a word. */
  readonly missing: number
  /** Deliveries beyond the first. */
  readonly repeated: number
  /** Arrived, but after one that stands later in the log. */
  readonly outOfOrder: number
  /** Arrived, and the log let go of it before it could be read again: nobody can say. */
  readonly notReread: number
  /** Times that some of the log was gone before it was read again: what it held, nobody can say. */
  readonly gaps: number
  /** Losses that the server told of. */
  readonly resyncs: number
}

/** What is shown of the faults; the numbers tell of all. */
const MAX_FAULTS = 5

export class Tally {
  readonly counts: { -readonly [Name in keyof ProofCounts]: ProofCounts[Name] } = {
    verified: 0,
    missing: 0,
    repeated: 0,
    outOfOrder: 0,
    notReread: 0,
    gaps: 0,
    resyncs: 0,
  }
  faults: readonly Fault[] = []

  blame(kind: FaultKind, id: string): void {
    this.counts[kind] += 1
    if (this.faults.length < MAX_FAULTS) this.faults = [...this.faults, { kind, id }]
  }

  /** It was late, not missing. */
  acquit(id: string): void {
    this.counts.missing -= 1
    this.faults = this.faults.filter((fault) => fault.kind !== 'missing' || fault.id !== id)
  }
}
