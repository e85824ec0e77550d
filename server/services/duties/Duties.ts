// What one node at a time does for all of them, and what it leaves to the one that follows.

/** Nodes share one log; a duty is named the same on each of them. */
export interface Duties {
  /** This node is ready to take it. Returns what withdraws that. A name can be bid for once. */
  bid(name: string, holder: DutyHolder): () => void
  /** Leaves all duties to other nodes, at once. */
  stop(): Promise<void>
}

/** Neither may throw: there is nobody to tell. */
export interface DutyHolder {
  /** From now on this node has the duty. */
  assume(term: Term): void
  /** The term is over: another node may have the duty already. */
  resign(): void
}

/** From taking a duty to losing it, and what can be kept meanwhile for whoever comes next. */
export interface Term {
  /** All that was noted so far, in this term and before. Rejects where it can't be read now. */
  recall(): Promise<Readonly<Record<string, string>>>
  /**
   * Keeps these fields, all or none, beside the others. False where the term is over: then nothing
   * was kept, and whatever follows from it must not be done. Rejects where that is not clear.
   */
  note(fields: Readonly<Record<string, string>>): Promise<boolean>
}
