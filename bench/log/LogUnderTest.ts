// The product's log with entries as a server makes them, on a clock of its own: a message every
// 0.1 ms, so that a million of them is 100 s.

import type { Shape } from './shapes.js'

const MS_PER_MESSAGE = 0.1
const START_MS = 1_763_650_000_000
const EPOCH = 'benchlog01'
const PAYLOAD = JSON.stringify({ text: 'x'.repeat(189) })

interface Position {
  readonly ms: number
  readonly counter: number
}

interface Entry extends Position {
  readonly json: string
}

/** As much as is used here of `MessageQueueService`. */
interface Log {
  readonly head: Position
  readonly size: { readonly messages: number }
  begin(epoch: string, start: Position): void
  apply(entry: Entry): void
  sweep(max: number): boolean
  read(
    reading: ReadonlyMap<string, Position>,
    after: Position,
    bounds: { limit: number; maxBytes: number },
  ): unknown
}

/** The product's own modules as they are shipped: the log has no door of its own in the package. */
const entryPoint = import.meta.resolve('syncline')
const { MessageQueueService } = await import(
  new URL('services/MessageQueueService.js', entryPoint).href
)
const { toEntry } = await import(new URL('brokers/Entry.js', entryPoint).href)
const { audienceOf } = await import(new URL('../shared/audience.js', entryPoint).href)

export class LogUnderTest {
  readonly log: Log
  /** Bytes of the messages that were appended, as JSON. */
  encodedBytes = 0
  readonly #shape: Shape
  #appended = 0
  #aheadMs = 0

  /** Retains so many messages; each one more lets the oldest go. */
  constructor(shape: Shape, retained: number) {
    this.#shape = shape
    this.log = new MessageQueueService({
      ttlMs: retained * MS_PER_MESSAGE,
      maxMessagesPerAudience: Number.MAX_SAFE_INTEGER,
      maxBytes: Number.MAX_SAFE_INTEGER,
      maxMarks: 100_000,
      now: () => this.#appended * MS_PER_MESSAGE + this.#aheadMs,
    })
    this.log.begin(EPOCH, { ms: START_MS, counter: 0 })
  }

  /** The next entries, ready to be appended. */
  entries(count: number): Entry[] {
    return Array.from({ length: count }, (_, index) => this.#entry(this.#appended + index))
  }

  append(entry: Entry): void {
    this.log.apply(entry)
    this.#appended += 1
    this.encodedBytes += entry.json.length
  }

  /** Reads what one audience has had since the head's millisecond began. */
  readLast(): void {
    const after = { ms: this.log.head.ms, counter: 0 }
    const [key] = audienceOf(this.#shape.audienceAt(this.#appended - 1))
    this.log.read(new Map([[key, { ms: 0, counter: 0 }]]), after, { limit: 1, maxBytes: 1 })
  }

  /** From now on everything that is held has expired. */
  expireAll(): void {
    this.#aheadMs += (this.#appended + 1) * MS_PER_MESSAGE
  }

  #entry(n: number): Entry {
    const named = this.#shape.audienceAt(n)
    const id = `0198c2f6-7e0b-7c3a-b0f5-${n.toString(16).padStart(12, '0')}`
    const position = { ms: START_MS + Math.floor(n / 10), counter: (n % 10) + 1 }
    const message = { kind: 'message', id, type: 'order.created', payloadJson: PAYLOAD }
    return toEntry({ ...message, ...named, audience: audienceOf(named) }, position, EPOCH)
  }
}
