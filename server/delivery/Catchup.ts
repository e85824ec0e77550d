// Topics that a live connection added with a `since`: what they hold from there up to the
// connection's position, read page by page, without what the connection was sent already.

import type { AudienceKey } from '../../shared/audience.js'
import { comparePositions, type Position } from '../../shared/cursor.js'
import type { ResyncReason } from '../../shared/message.js'
import type { Entry } from '../brokers/Entry.js'
import type { MessageQueueService, Reading } from '../services/MessageQueueService.js'
import { resyncReason, type Start } from '../services/resume.js'

interface CatchupOptions {
  readonly log: MessageQueueService
  readonly keys: readonly AudienceKey[]
  readonly start: Start
  /** The connection's position: what comes after it is delivered in the ordinary way. */
  readonly upTo: Position
  /** What the connection read before, and from where on. */
  readonly before: Reading
  /** Told when everything was read, and why continuity could not be proven, if so. */
  readonly onDone: (reason: ResyncReason | undefined) => void
}

export class Catchup {
  readonly #options: CatchupOptions
  #position: Position
  #reason: ResyncReason | undefined
  #isDone = false

  constructor(options: CatchupOptions) {
    this.#options = options
    this.#position = options.start.position
  }

  get isDone(): boolean {
    return this.#isDone
  }

  tellDone(): void {
    this.#options.onDone(this.#reason)
  }

  /** The next messages. `isRead`: a topic may be dropped, or its right lost, while this goes on. */
  read(
    bounds: { limit: number; maxBytes: number },
    isRead: (key: AudienceKey) => boolean,
  ): Entry[] {
    const { log, keys, start, upTo, before } = this.#options
    const reading = new Map(keys.filter(isRead).map((key) => [key, start.position]))
    const page = log.read(reading, this.#position, { ...bounds, upTo })
    const isForced = page.entries.some(({ kind }) => kind === 'resync')
    this.#reason ??= resyncReason(start, page.loss, isForced)
    this.#position = page.position
    this.#isDone = !page.hasMore
    return page.entries.filter((entry) => entry.kind === 'message' && !wasSent(entry, before))
  }
}

/** Whether a connection that read this was sent the entry: it was for one of its audiences, in time. */
function wasSent(entry: Entry, reading: Reading): boolean {
  return entry.audience.some((key) => {
    const from = reading.get(key)
    return from !== undefined && comparePositions(from, entry) < 0
  })
}
