// A log that is read from its lines, one after the other, into the one of this process. What lay
// between stop and start counts as age, by the wall clock; where that went back, as nothing.

import { comparePositions, type Position } from '../../shared/cursor.js'
import type { BrokerSink } from '../brokers/Broker.js'
import type { KeptKey, KeptLog } from '../brokers/LogKeeper.js'
import type { MessageQueueService } from './MessageQueueService.js'
import { parseLine, type SnapshotHead } from './snapshotLines.js'

interface RestorationOptions {
  readonly sink: Pick<BrokerSink, 'begin'>
  readonly log: MessageQueueService
  /** The run of the server that may have kept it; any, where that isn't known. */
  readonly run: string | undefined
  readonly wallNow: () => number
  readonly monotonicNow: () => number
}

export class Restoration {
  readonly #options: RestorationOptions
  readonly #keys: KeptKey[] = []
  #head: SnapshotHead | undefined
  #last: Position | undefined
  #awayMs = 0
  #startedAt = 0

  constructor(options: RestorationOptions) {
    this.#options = options
  }

  /** How long no process had the log. */
  get awayMs(): number {
    return this.#awayMs
  }

  /** Throws where the line is none, or not the next one. */
  take(line: Buffer): void {
    const { log } = this.#options
    const parsed = parseLine(line, this.#head?.epoch ?? '')
    if ((parsed.kind === 'head') !== (this.#head === undefined)) throw new Error('it has no head')
    switch (parsed.kind) {
      case 'head':
        this.#begin(parsed.head)
        break
      case 'key':
        this.#keys.push({ ...parsed.key, remainingMs: parsed.key.remainingMs - this.#passedMs })
        break
      case 'mark':
        log.restoreMark(parsed.audience, parsed.mark)
        break
      case 'entry':
        this.#assertNext(parsed.held.entry)
        log.restore({ ...parsed.held, ageMs: parsed.held.ageMs + this.#passedMs })
        break
      default:
        parsed satisfies never
    }
  }

  /** Everything was taken. */
  end(): KeptLog {
    if (this.#head === undefined) throw new Error('it has no head')
    const { epoch, head } = this.#head
    this.#options.log.restoreHead(head)
    return { epoch, head, keys: this.#keys }
  }

  #begin(head: SnapshotHead): void {
    const { sink, log, run, wallNow, monotonicNow } = this.#options
    if (run !== undefined && run !== head.run) {
      throw new Error('a server has run since it was kept')
    }
    this.#head = head
    this.#awayMs = Math.max(0, wallNow() - head.savedAt)
    this.#startedAt = monotonicNow()
    sink.begin(head.epoch, head.start)
    log.restoreFloor(head.floor)
  }

  #assertNext(position: Position): void {
    const isAfterLast = this.#last === undefined || comparePositions(position, this.#last) > 0
    const isUpToHead = this.#head !== undefined && comparePositions(position, this.#head.head) <= 0
    if (!isAfterLast || !isUpToHead) throw new Error('its entries are not in order')
    this.#last = position
  }

  /** How much time has passed since the ages were taken: reading takes time, too. */
  get #passedMs(): number {
    return this.#awayMs + this.#options.monotonicNow() - this.#startedAt
  }
}
