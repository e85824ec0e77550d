// For how long a watch may have been behind: from the first moment at which something could have
// changed without being published, until it is certain again that nothing has.

export class Lag {
  readonly #now: () => number
  readonly #reasons = new Map<LagReason, number>()

  /** `now`: monotonic, in ms. */
  constructor(now: () => number) {
    this.#now = now
  }

  begin(reason: LagReason, at = this.#now()): void {
    if (!this.#reasons.has(reason)) this.#reasons.set(reason, at)
  }

  end(reason: LagReason): void {
    this.#reasons.delete(reason)
  }

  /** How long one of them has lasted; `undefined` where it has not begun. */
  lasting(reason: LagReason): number | undefined {
    const since = this.#reasons.get(reason)
    return since === undefined ? undefined : Math.round(this.#now() - since)
  }

  /** 0 where everything is published. */
  get ms(): number {
    if (this.#reasons.size === 0) return 0
    return Math.round(this.#now() - Math.min(...this.#reasons.values()))
  }
}

/**
 * `unknown`: no result since the term began or the connection came back; `disconnected`; `failing`: the
 * query throws; `publishing`: a result that is not published yet; `quiet`: the connection is there, and
 * says nothing.
 */
export type LagReason = 'unknown' | 'disconnected' | 'failing' | 'publishing' | 'quiet'
