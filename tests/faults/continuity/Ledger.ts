// What was published and what its publishers were told: the one side of the account. The other is
// what readers were told; `judge.ts` compares them.

/** Counts what this process sees, in the order in which it sees it. */
let ticks = 0
export const tick = (): number => {
  ticks += 1
  return ticks
}

/**
 * `unheard`: nobody was there to take it. `unavailable`: answered with 503, so that it was applied
 * by then or never. `cut`: no answer came.
 */
export type Fate = 'pending' | 'acknowledged' | 'unheard' | 'refused' | 'unavailable' | 'cut'

export interface Publication {
  readonly n: number
  readonly topic: string
  /** When it was tried first. */
  readonly sentAt: number
  fate: Fate
  /** Of the acknowledged. */
  id?: string
  cursor?: string
  /** When its publisher had the last word on it. */
  answeredAt?: number
  /** Unix milliseconds, of those that were answered. */
  answeredMs?: number
}

export class Ledger {
  readonly publications: Publication[] = []

  /** Its number is its payload, by which it is known again. */
  add(topic: string): Publication {
    const n = this.publications.length
    const publication: Publication = { n, topic, sentAt: tick(), fate: 'pending' }
    this.publications.push(publication)
    return publication
  }

  /**
   * The last word. What was once cut may be on its way still, whatever a later try is told: only
   * its receipt settles it.
   */
  settle(publication: Publication, fate: Fate, receipt?: { id: string; cursor: string }): void {
    if (fate === 'unheard' && publication.fate !== 'pending') return
    if (fate === 'unavailable' && publication.fate === 'cut') return
    publication.fate = fate
    publication.answeredAt = tick()
    publication.answeredMs = Date.now()
    Object.assign(publication, receipt)
  }

  count(fate: Fate): number {
    return this.publications.filter((publication) => publication.fate === fate).length
  }
}
