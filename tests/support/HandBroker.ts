// A broker in the hands of a test, which says what happens to the log, as a broker across a network
// might: it begins, and begins anew, and entries come or are lost.

import type { Broker, BrokerSink } from '../../server/brokers/Broker.js'
import { SyncError } from '../../shared/errors.js'
import { at, messageAt } from './entries.js'

export class HandBroker implements Broker {
  #sink: BrokerSink | undefined
  #epoch = ''

  async start(sink: BrokerSink): Promise<void> {
    this.#sink = sink
  }

  async append(): Promise<never> {
    throw new SyncError('unavailable', 'nothing is published here')
  }

  async close(): Promise<void> {}

  /** A log begins at 1000, with what it retained, in the place of the one before. */
  begin(epoch: string, retained: readonly number[] = []): void {
    this.#epoch = epoch
    this.#given.begin(epoch, at(1000))
    for (const ms of retained) this.apply(ms)
    this.#given.began()
  }

  /** A message for everyone. */
  apply(ms: number): void {
    this.#given.apply(messageAt(at(ms), ['*'], undefined, this.#epoch))
  }

  /** What stood up to here left before it came. */
  lose(upTo: number): void {
    this.#given.lose(at(upTo))
  }

  get #given(): BrokerSink {
    if (this.#sink === undefined) throw new Error('no server has started it')
    return this.#sink
  }
}
