// Makes messages of what has changed in a query's result, and publishes them once: under keys that
// whoever comes next would use as well. What can't be told by a message becomes a resync.

import { SyncError } from '../../../shared/errors.js'
import type { KeyedDraft, MessageDraft } from '../../../shared/message.js'
import type { IntegrationHost } from '../Integration.js'
import {
  type Audience,
  audiencesOf,
  isNothing,
  NOTHING,
  type Noted,
  type Pending,
  soundDraft,
} from './notes.js'
import { isHopeless } from './RetryingPublisher.js'
import { type Changes, isNoChange } from './resultState.js'
import { untilDone } from './untilDone.js'

/** What a watch makes messages of. */
export interface QueryUpdate<Value = unknown> {
  readonly value: Value
  /** Absent where the result is, or was, no list of documents. */
  readonly changes?: Changes<Value extends readonly (infer Document)[] ? Document : unknown>
}

export type ToDrafts = (update: QueryUpdate) => readonly MessageDraft[]

/** What happened in all terms of this node. */
export interface WatchCounts {
  published: number
  resyncs: number
  lost: number
}

interface ChangePublisherOptions {
  readonly host: IntegrationHost
  readonly counts: WatchCounts
  readonly toDrafts: ToDrafts
  /** Ends all that is tried again. */
  readonly signal: AbortSignal
}

/** Messages that one change may become. Beyond it, fetching anew is less for everybody. */
const MAX_DRAFTS = 1000

interface Made {
  readonly drafts: readonly MessageDraft[]
  /** Else they say no more than whom they are for. */
  readonly isWhole: boolean
}

export class ChangePublisher {
  readonly #options: ChangePublisherOptions

  constructor(options: ChangePublisherOptions) {
    this.#options = options
  }

  /** No change, as far as anybody knows; but whoever fetched before may have missed one. */
  pendingForFirst(value: unknown): Pending {
    const resync = audiencesOf(this.#made({ value }).drafts)
    return resync.length === 0 ? NOTHING : { resync }
  }

  pendingFor(update: QueryUpdate): Pending {
    // The order of a list is not told by its keys.
    if (update.changes !== undefined && isNoChange(update.changes)) return NOTHING
    const { drafts, isWhole } = this.#made(update)
    const { maxPayloadBytes, wallNow } = this.#options.host
    const isTooLarge = drafts.some(
      ({ payload }) => Buffer.byteLength(JSON.stringify(payload) ?? '') > maxPayloadBytes,
    )
    if (!isWhole || isTooLarge || drafts.length > MAX_DRAFTS) {
      return { resync: audiencesOf(drafts) }
    }
    return drafts.length === 0 ? NOTHING : { drafts, at: wallNow() }
  }

  /** Resolves when that is done, or can't be done by anybody. Rejects where the term has ended. */
  async publish({ run, seq, pending }: Noted): Promise<void> {
    if (isNothing(pending)) return
    if (pending.resync !== undefined) return this.#resync(pending.resync)
    const { host, counts, signal } = this.#options
    const { drafts = [], at = 0 } = pending
    // Half of it: clocks of two nodes may differ.
    const isKeyKnown = () => Math.abs(host.wallNow() - at) < host.idempotencyTtlMs / 2
    const keyed: KeyedDraft[] = drafts.map((draft, index) => ({
      ...draft,
      idempotencyKey: `convex:${run}:${seq}:${index}`,
    }))
    const act = async () => {
      if (!isKeyKnown()) return this.#resync(audiencesOf(drafts))
      await host.sync.publishBatch(keyed)
      counts.published += drafts.length
    }
    try {
      const mayHelp = (error: unknown) => !isHopeless(error)
      await untilDone(act, { signal, random: host.random, mayHelp })
    } catch (error) {
      if (!isHopeless(error)) throw error
      this.#lose(error)
    }
  }

  #made(update: QueryUpdate): Made {
    try {
      const made = this.#options.toDrafts(update)
      try {
        return { drafts: made.map(soundDraft), isWhole: true }
      } catch {
        // Where it is a payload that can't be carried, it is known all the same whom it was for.
        return { drafts: made.map(({ payload: _, ...rest }) => soundDraft(rest)), isWhole: false }
      }
    } catch (error) {
      this.#lose(error)
      return { drafts: [], isWhole: true }
    }
  }

  async #resync(audiences: readonly Audience[]): Promise<void> {
    const { host, counts, signal } = this.#options
    for (const audience of audiences) {
      const act = () => host.sync.forceResync(audience)
      await untilDone(act, { signal, random: host.random })
    }
    counts.resyncs += 1
  }

  #lose(cause: unknown): void {
    this.#options.counts.lost += 1
    const why = cause instanceof SyncError ? `: ${cause.message}` : ''
    const text = `a change of a watched query was not published${why}`
    this.#options.host.onFault(new Error(text, { cause }))
  }
}
