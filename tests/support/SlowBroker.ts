// A broker that takes its time, as one across a network does: what it is given is in the log at
// once, but its answer waits until the test lets it go.

import type { Broker, BrokerSink, Publication, Receipt } from '../../server/brokers/Broker.js'
import { LocalBroker } from '../../server/brokers/LocalBroker.js'

export class SlowBroker implements Broker {
  readonly #broker = new LocalBroker({
    epoch: 'sl0wbr0ker',
    wallNow: Date.now,
    monotonicNow: () => performance.now(),
    idempotencyTtlMs: 300_000,
    maxIdempotencyKeys: 1000,
  })
  #held: (() => void)[] = []
  #isHolding = true
  #most = 0

  /** How many appends wait for their answer. */
  get outstanding(): number {
    return this.#held.length
  }

  /** The most that ever waited. */
  get mostOutstanding(): number {
    return this.#most
  }

  /** Answers what waits, the last first, and from now on everything at once. */
  letGo(): void {
    this.#isHolding = false
    this.answerHeld()
  }

  /** Answers what waits by now, the last first. */
  answerHeld(): void {
    const held = this.#held
    this.#held = []
    for (const answer of held.reverse()) answer()
  }

  start(sink: BrokerSink): Promise<void> {
    return this.#broker.start(sink)
  }

  async append(publications: readonly Publication[]): Promise<readonly Receipt[]> {
    const appended = this.#broker.append(publications)
    if (this.#isHolding) {
      const turn = new Promise<void>((resolve) => this.#held.push(resolve))
      this.#most = Math.max(this.#most, this.#held.length)
      // Its refusal waits as well, and is nobody's fault meanwhile.
      appended.catch(() => {})
      await turn
    }
    return appended
  }

  close(): Promise<void> {
    this.letGo()
    return this.#broker.close()
  }
}
