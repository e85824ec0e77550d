// A reader that goes from node to node and from transport to transport with nothing but its cursor.

import { setTimeout as delay } from 'node:timers/promises'
import { pseudoRandom } from '../../support/pseudoRandom.js'
import { ReaderRecord } from './ReaderRecord.js'
import { read, readPage, TRANSPORTS, type Transport } from './sessions.js'

export interface Node {
  /** Changes where it is started anew. */
  readonly url: string
}

interface LogReaderOptions {
  readonly name: string
  readonly topics: readonly string[]
  readonly nodes: readonly Node[]
  readonly seed: number
  readonly transports?: readonly Transport[]
  /** It goes elsewhere after a moment; otherwise it stays where it is until that ends. */
  readonly isHopping: boolean
}

const STAY_MS = { min: 50, max: 600 }
/** Now and then it is away for a while, so that it has something to catch up with. */
const REST = { oneIn: 5, maxMs: 1000 }
const AGAIN_MS = 25
const TO_END_WITHIN_MS = 15_000

export class LogReader {
  readonly record: ReaderRecord
  /** Connections that it had, and such that it could not have. */
  sessions = 0
  failures = 0
  readonly #options: LogReaderOptions
  readonly #random: () => number
  readonly #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(options: LogReaderOptions) {
    this.record = new ReaderRecord(options.name, options.topics)
    this.#options = options
    this.#random = pseudoRandom(options.seed)
  }

  /** Resolves when it has a position, and goes on reading. */
  async start(): Promise<void> {
    while (!this.record.hasBegun) {
      await this.#attempt((url) => this.#readPage(url))
    }
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  /** Reads on by polling until it was told these numbers; gives up on them in the end. */
  async readUntil(numbers: readonly number[]): Promise<void> {
    const missing = new Set(numbers)
    let heard = 0
    const deadline = performance.now() + TO_END_WITHIN_MS
    while (performance.now() < deadline) {
      for (; heard < this.record.told.length; heard += 1) {
        const event = this.record.told[heard]
        if (event?.kind === 'message') missing.delete(event.n)
      }
      if (missing.size === 0) return
      await this.#attempt((url) => this.#readPage(url))
      await delay(5)
    }
  }

  async #run(): Promise<void> {
    const { transports = TRANSPORTS, isHopping } = this.#options
    while (!this.#stop.signal.aborted) {
      const leave = new AbortController()
      const { signal } = leave
      const onLeave = () => leave.abort()
      const timer = isHopping ? setTimeout(onLeave, this.#stayMs()) : undefined
      this.#stop.signal.addEventListener('abort', onLeave)
      const transport = this.#any(transports)
      await this.#attempt((url) => {
        this.record.moved(`${transport} ${url}`)
        return read(transport, { url, record: this.record, signal })
      })
      clearTimeout(timer)
      this.#stop.signal.removeEventListener('abort', onLeave)
      if (!signal.aborted) await delay(AGAIN_MS)
      else if (isHopping) await this.#rest()
    }
  }

  async #rest(): Promise<void> {
    if (this.#random() * REST.oneIn >= 1) return
    const options = { signal: this.#stop.signal }
    await delay(this.#random() * REST.maxMs, undefined, options).catch(() => {})
  }

  #stayMs(): number {
    return STAY_MS.min + this.#random() * (STAY_MS.max - STAY_MS.min)
  }

  async #attempt(session: (url: string) => Promise<unknown>): Promise<void> {
    try {
      await session(this.#any(this.#options.nodes).url)
      this.sessions += 1
    } catch {
      this.failures += 1
      await delay(AGAIN_MS)
    }
  }

  #readPage(url: string): Promise<unknown> {
    return readPage({ url, record: this.record, signal: new AbortController().signal }, 0)
  }

  #any<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)]!
  }
}
