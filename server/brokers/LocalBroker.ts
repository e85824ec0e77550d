// The broker of a server that runs alone: it stamps cursors in this process and hands entries
// over at once. A restart is a new epoch.

import { formatCursor, ORIGIN, type Position } from '../../shared/cursor.js'
import { SyncError } from '../../shared/errors.js'
import type { Broker, BrokerSink, Publication, Receipt } from './Broker.js'
import { type Appendable, type Entry, toEntry } from './Entry.js'
import { IdempotencyKeys, idempotencyConflict } from './IdempotencyKeys.js'

interface LocalBrokerOptions {
  /** The log's identity: 6–16 characters of a–z and 0–9, different at every start. */
  readonly epoch: string
  /** Wall clock, Unix milliseconds. It may jump; cursors never fall. */
  readonly wallNow: () => number
  /** Monotonic clock, milliseconds. */
  readonly monotonicNow: () => number
  readonly idempotencyTtlMs: number
  readonly maxIdempotencyKeys: number
}

export class LocalBroker implements Broker {
  readonly #options: LocalBrokerOptions
  readonly #keys: IdempotencyKeys
  #last: Position = ORIGIN
  #sink: BrokerSink | undefined

  constructor(options: LocalBrokerOptions) {
    this.#options = options
    this.#keys = new IdempotencyKeys({
      ttlMs: options.idempotencyTtlMs,
      maxKeys: options.maxIdempotencyKeys,
      now: options.monotonicNow,
    })
  }

  async start(sink: BrokerSink): Promise<void> {
    this.#last = { ms: this.#options.wallNow(), counter: 0 }
    this.#sink = sink
    sink.begin(this.#options.epoch, this.#last)
    sink.began()
  }

  async append(publications: readonly Publication[]): Promise<readonly Receipt[]> {
    const sink = this.#sink
    if (sink === undefined) throw new SyncError('unavailable', 'the log is closed; try again')
    const receipts = this.#knownReceipts(publications)
    // From here on nothing can fail: all of it is applied, in this very turn.
    return publications.map((publication) => {
      const { idempotency } = publication
      const known = idempotency && receipts.get(idempotency.key)
      if (known !== undefined) return { ...known, isDuplicate: true, recipients: 0 }
      const receipt = this.#apply(publication, sink)
      if (idempotency !== undefined) {
        this.#keys.remember(idempotency, receipt)
        receipts.set(idempotency.key, receipt)
      }
      return receipt
    })
  }

  async close(): Promise<void> {
    this.#sink = undefined
  }

  /** What came of the keys that were used before. Throws where a key can't be used like this. */
  #knownReceipts(publications: readonly Publication[]): Map<string, Receipt> {
    const receipts = new Map<string, Receipt>()
    const fingerprints = new Map<string, string>()
    let newIds = 0
    for (const { idempotency, items } of publications) {
      if (idempotency === undefined) continue
      const { key, fingerprint } = idempotency
      const earlier = fingerprints.get(key)
      if (earlier !== undefined && earlier !== fingerprint) throw idempotencyConflict()
      if (earlier !== undefined) continue
      fingerprints.set(key, fingerprint)
      const known = this.#keys.find(idempotency)
      if (known === undefined) newIds += items.length
      else receipts.set(key, known)
    }
    this.#keys.reserve(newIds)
    return receipts
  }

  #apply({ items, isCounted }: Publication, sink: BrokerSink): Receipt {
    let recipients = 0
    for (const item of items) {
      // Before, since who is reached by a held poll is gone as soon as it was.
      if (isCounted) recipients += sink.count(item.audience, item.kind)
      sink.apply(this.#stamp(item))
    }
    const ids = items.flatMap((item) => (item.kind === 'message' ? [item.id] : []))
    const cursor = formatCursor(this.#last, this.#options.epoch)
    return { ids, position: this.#last, cursor, isDuplicate: false, recipients }
  }

  #stamp(item: Appendable): Entry {
    const ms = this.#options.wallNow()
    const { ms: lastMs, counter } = this.#last
    this.#last = ms > lastMs ? { ms, counter: 0 } : { ms: lastMs, counter: counter + 1 }
    return toEntry(item, this.#last, this.#options.epoch)
  }
}
