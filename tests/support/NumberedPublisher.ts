// Publishes numbered messages to everyone at a steady rate, so that a reader can tell by the
// numbers alone whether it missed, repeated or reordered anything.

import type { SyncServer } from '../../server/createSyncServer.js'

const PER_SECOND = 50

export class NumberedPublisher {
  readonly #sync: Pick<SyncServer, 'publish'>
  /** When each went out, in milliseconds since the Unix epoch, by its number. */
  readonly #sentAt: number[] = []
  #timer: NodeJS.Timeout | undefined
  #outstanding: Promise<unknown> = Promise.resolve()

  constructor(sync: Pick<SyncServer, 'publish'>) {
    this.#sync = sync
  }

  /** How many have been published: the numbers from 0 up to here. */
  get count(): number {
    return this.#sentAt.length
  }

  sentAt(n: number): number {
    return this.#sentAt[n] ?? Number.NaN
  }

  /** Publishes until it is stopped, carrying on with the next number. */
  start(): void {
    const first = this.count
    const startedAt = performance.now()
    this.#timer = setInterval(() => {
      const due = first + ((performance.now() - startedAt) / 1000) * PER_SECOND
      while (this.count < due) this.#publish()
    }, 1000 / PER_SECOND)
  }

  /** Resolves when all are in the log. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#outstanding
  }

  #publish(): void {
    const n = this.#sentAt.push(Date.now()) - 1
    const published = this.#sync.publish({ type: 'numbered', payload: { n } })
    this.#outstanding = Promise.all([this.#outstanding, published])
    // A failure is told by `stop`.
    this.#outstanding.catch(() => {})
  }
}
