// Publishes what follows from something that has happened already, and so can't be refused any more:
// in order, again and again where it fails, each time with the same idempotency key, for as long as
// that key is remembered. What is lost in the end is reported, and counted.

import { SyncError } from '../../../shared/errors.js'
import type { KeyedDraft, MessageDraft } from '../../../shared/message.js'
import { soundDraft } from './notes.js'
import { backoffMs } from './untilDone.js'

const MAX_WAITING = { publications: 1000, bytes: 16 << 20 }
/** How long a stop waits for what is not published yet. */
const LAST_MOMENT_MS = 1000

interface RetryingPublisherOptions {
  readonly publishBatch: (drafts: readonly KeyedDraft[]) => Promise<unknown>
  readonly newKey: () => string
  /** No longer than a key is remembered. */
  readonly maxAgeMs: number
  /** Told of each publication that is lost. */
  readonly onFault: (error: unknown) => void
  readonly monotonicNow: () => number
  readonly random: () => number
  readonly max?: typeof MAX_WAITING
}

interface Waiting {
  readonly drafts: readonly KeyedDraft[]
  readonly bytes: number
  readonly since: number
  readonly tried: () => void
}

export class RetryingPublisher {
  readonly #options: RetryingPublisherOptions
  readonly #waiting: Waiting[] = []
  #bytes = 0
  #retries = 0
  #lost = 0
  #isFailing = false
  #isStopped = false
  #isWorking = false
  #working: Promise<void> | undefined

  constructor(options: RetryingPublisherOptions) {
    this.#options = options
  }

  get stats(): { readonly waiting: number; readonly retries: number; readonly lost: number } {
    return { waiting: this.#waiting.length, retries: this.#retries, lost: this.#lost }
  }

  /**
   * Publishes these, all or none, after what was handed over before. Resolves when they are in the
   * log, and as soon as something fails: then the rest is done later. Never rejects.
   */
  hand(drafts: readonly MessageDraft[]): Promise<void> {
    const json = drafts.length === 0 ? undefined : this.#accepted(drafts)
    if (json === undefined) return Promise.resolve()
    const { newKey, monotonicNow } = this.#options
    const bytes = Buffer.byteLength(json)
    // As they are now: whoever handed them over may change them before the last try.
    const kept: readonly MessageDraft[] = JSON.parse(json)
    const keyed = kept.map((draft) => ({ ...draft, idempotencyKey: newKey() }))
    return new Promise((tried) => {
      this.#bytes += bytes
      this.#waiting.push({ drafts: keyed, bytes, since: monotonicNow(), tried })
      if (this.#isFailing) tried()
      if (!this.#isWorking) this.#working = this.#work()
    })
  }

  /** Gives what waits a last moment. */
  async stop(): Promise<void> {
    const late = new Promise<void>((resolve) => setTimeout(resolve, LAST_MOMENT_MS).unref())
    await Promise.race([this.#working, late])
    this.#isStopped = true
    for (const { drafts, tried } of this.#waiting.splice(0)) {
      this.#lose(drafts, 'the server stops')
      tried()
    }
  }

  /** As JSON, or `undefined` where they are lost at once. */
  #accepted(drafts: readonly MessageDraft[]): string | undefined {
    const { publications, bytes } = this.#options.max ?? MAX_WAITING
    let json: string
    try {
      json = JSON.stringify(drafts.map(soundDraft))
    } catch (error) {
      this.#lose(drafts, 'no log can take it', error)
      return undefined
    }
    const isFull =
      this.#waiting.length >= publications || this.#bytes + Buffer.byteLength(json) > bytes
    if (!isFull && !this.#isStopped) return json
    this.#lose(drafts, this.#isStopped ? 'the server stops' : 'too many are waiting')
    return undefined
  }

  async #work(): Promise<void> {
    this.#isWorking = true
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      await this.#publish(first)
      first.tried()
      // A stop has emptied it meanwhile.
      if (this.#waiting[0] !== first) break
      this.#waiting.shift()
      this.#bytes -= first.bytes
    }
    // In the same turn as the last look: what is handed over from here on begins anew.
    this.#isWorking = false
  }

  async #publish({ drafts, since }: Waiting): Promise<void> {
    const { publishBatch, maxAgeMs, monotonicNow, random } = this.#options
    for (let attempt = 0; !this.#isStopped; attempt += 1) {
      try {
        await publishBatch(drafts)
        this.#isFailing = false
        return
      } catch (error) {
        const waitMs = backoffMs(attempt, random)
        const isLate = monotonicNow() + waitMs - since > maxAgeMs
        if (isHopeless(error) || isLate) return this.#lose(drafts, 'it failed', error)
        this.#retries += 1
        this.#isFailing = true
        for (const { tried } of this.#waiting) tried()
        await new Promise((resolve) => setTimeout(resolve, waitMs).unref())
      }
    }
  }

  #lose([first]: readonly MessageDraft[], why: string, cause?: unknown): void {
    this.lose(`a message of type ${first?.type} was not published: ${why}`, cause)
  }

  /** Counts and reports what is lost, be it that no message could be made of it. */
  lose(text: string, cause?: unknown): void {
    this.#lost += 1
    this.#options.onFault(new Error(text, { cause }))
  }
}

/** What is wrong with the message itself stays wrong. */
export const isHopeless = (error: unknown): boolean =>
  error instanceof SyncError && error.code !== 'unavailable'
