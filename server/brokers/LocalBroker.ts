// The broker of a server that runs alone: it stamps cursors in this process and hands entries
// over at once. A restart is a new epoch, unless what the process before it knew was kept.

import { formatCursor, ORIGIN, type Position } from '../../shared/cursor.js'
import { SyncError } from '../../shared/errors.js'
import type { Broker, BrokerSink, Publication, Receipt } from './Broker.js'
import { type Appendable, type Entry, toEntry } from './Entry.js'
import { IdempotencyKeys, idempotencyConflict } from './IdempotencyKeys.js'
import type { LogKeeper } from './LogKeeper.js'

interface LocalBrokerOptions {
  /** The identity of a new log: 6–16 characters of a–z and 0–9, different at every start. */
  readonly epoch: string
  /** Wall clock, Unix milliseconds. It may jump; cursors never fall. */
  readonly wallNow: () => number
  /** Monotonic clock, milliseconds. */
  readonly monotonicNow: () => number
  readonly idempotencyTtlMs: number
  readonly maxIdempotencyKeys: number
  /** Keeps the log for the next process. */
  readonly keeper?: LogKeeper | undefined
}

export class LocalBroker implements Broker {
  readonly #options: LocalBrokerOptions
  readonly #keys: IdempotencyKeys
  #epoch: string
  #last: Position = ORIGIN
  #sink: BrokerSink | undefined

  constructor(options: LocalBrokerOptions) {
    this.#options = options
    this.#epoch = options.epoch
    this.#keys = new IdempotencyKeys({
      ttlMs: options.idempotencyTtlMs,
      maxKeys: options.maxIdempotencyKeys,
      now: options.monotonicNow,
    })
  }

  async start(sink: BrokerSink): Promise<void> {
    if (!(await this.#resume(sink))) {
      this.#last = { ms: this.#options.wallNow(), counter: 0 }
      sink.begin(this.#epoch, this.#last)
    }
    sink.began()
    this.#sink = sink
  }

  /** Goes on with the log that an earlier process kept. False where there is none. */
  async #resume(sink: BrokerSink): Promise<boolean> {
    const kept = await this.#options.keeper?.load(sink)
    if (kept === undefined) return false
    this.#epoch = kept.epoch
    this.#last = kept.head
    for (const key of kept.keys) this.#keys.restore(key, kept.epoch)
    return true
  }

  async append(publications: readonly Publication[]): Promise<readonly Receipt[]> {
    const sink = this.#sink
    if (sink === undefined) throw new SyncError('unavailable', 'the log is closed; try again')
    const receipts = this.#knownReceipts(publications)
    this.#options.keeper?.claim()
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

  sweep(): void {
    this.#keys.sweep()
  }

  async close(): Promise<void> {
    if (this.#sink === undefined) return
    this.#sink = undefined
    const log = { epoch: this.#epoch, head: this.#last, keys: this.#keys.kept() }
    await this.#options.keeper?.save(log)
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
    const ids = items.flatMap((item) => (item.kind === 'message' ? item.id : []))
    const cursor = formatCursor(this.#last, this.#epoch)
    return { ids, position: this.#last, cursor, isDuplicate: false, recipients }
  }

  #stamp(item: Appendable): Entry {
    const ms = this.#options.wallNow()
    const { ms: lastMs, counter } = this.#last
    this.#last = ms > lastMs ? { ms, counter: 0 } : { ms: lastMs, counter: counter + 1 }
    return toEntry(item, this.#last, this.#epoch)
  }
}
