// Keeps the log in a file while no process runs: written when the server has stopped, read and
// removed when the next one starts. After a crash there is no file, and a new log begins.

import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Logger } from 'pino'
import { ConfigError } from '../../shared/errors.js'
import type { BrokerSink } from '../brokers/Broker.js'
import type { KeptLog, LogKeeper } from '../brokers/LogKeeper.js'
import type { MessageQueueService } from './MessageQueueService.js'
import { Restoration } from './Restoration.js'
import { SnapshotClaim } from './SnapshotClaim.js'
import { messageOf, SnapshotFile } from './SnapshotFile.js'
import { FIRST_LINE, formatHead, formatHeld, formatKey, formatMark } from './snapshotLines.js'

/** About half of what an ordinary machine writes; measured: 200 MB of the log's size in a second. */
const SAVED_BYTES_PER_MS = 100_000
const MIN_TIME_TO_SAVE_MS = 100

export interface SnapshotKeeperOptions {
  readonly path: string
  /** Names this run of the server, as no other. */
  readonly run: string
  readonly log: MessageQueueService
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
  /** Unix milliseconds: all that says how long no process ran. */
  readonly wallNow: () => number
  readonly monotonicNow: () => number
}

export class SnapshotKeeper implements LogKeeper {
  readonly #options: SnapshotKeeperOptions
  readonly #file: SnapshotFile
  readonly #claim: SnapshotClaim
  #isClaimed = false

  constructor(options: SnapshotKeeperOptions) {
    this.#options = options
    const path = resolve(options.path)
    this.#file = new SnapshotFile(path, FIRST_LINE)
    this.#claim = new SnapshotClaim(path)
  }

  /** How long it may take to save what the log holds now. */
  get timeToSaveMs(): number {
    return MIN_TIME_TO_SAVE_MS + this.#options.log.size.bytes / SAVED_BYTES_PER_MS
  }

  async load(sink: BrokerSink): Promise<KeptLog | undefined> {
    const { path } = this.#file
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      const kept = await this.#resume(sink)
      const rival = await this.#claim.rival()
      if (kept === undefined && rival !== undefined) {
        const { logger } = this.#options
        logger.warn({ file: path, process: rival }, 'another server keeps its log here, too')
        return undefined
      }
      this.#claim.take(this.#options.run)
      this.#isClaimed = true
      // Only now, so that where nothing can be written nothing is lost.
      if (kept !== undefined && !(await this.#file.remove())) {
        throw new Error(`another server has just taken ${path}`)
      }
      return kept
    } catch (error) {
      if (error instanceof ConfigError) throw error
      throw new ConfigError(`SNAPSHOT_FILE needs a folder to write in: ${messageOf(error)}`)
    }
  }

  claim(): void {
    if (this.#isClaimed) return
    this.#isClaimed = true
    try {
      this.#claim.take(this.#options.run)
    } catch (error) {
      this.#tell(error, 'the log will not be kept')
    }
  }

  async save(kept: KeptLog): Promise<void> {
    // Beside another server, and nothing was published: that one's log counts.
    if (!this.#isClaimed) return
    const { logger, log, monotonicNow } = this.#options
    const startedAt = monotonicNow()
    try {
      if ((await this.#claim.run()) !== this.#options.run) {
        throw new Error('another server has used SNAPSHOT_FILE since this one started')
      }
      log.sweep(Number.POSITIVE_INFINITY)
      const bytes = await this.#file.write(this.#linesOf(kept))
      const { messages } = log.size
      const tookMs = Math.round(monotonicNow() - startedAt)
      logger.info({ file: this.#file.path, messages, bytes, tookMs }, 'log kept')
    } catch (error) {
      this.#tell(error, 'the log could not be kept; the next start begins a new one')
    }
  }

  *#linesOf({ epoch, head, keys }: KeptLog): Generator<string> {
    const { run, log, wallNow } = this.#options
    const { floor } = log.marks
    yield formatHead({ run, epoch, start: log.start, head, savedAt: wallNow(), floor })
    for (const key of keys) yield formatKey(key)
    for (const [key, mark] of log.marks) yield formatMark(key, mark)
    for (const held of log.held()) yield formatHeld(held)
  }

  /** What the file holds, handed to the log. Where it can't be used, it is set aside. */
  async #resume(sink: BrokerSink): Promise<KeptLog | undefined> {
    const run = await this.#claim.run()
    const restoration = new Restoration({ ...this.#options, sink, run })
    try {
      if (!(await this.#file.read((line) => restoration.take(line)))) return undefined
      return restoration.end()
    } catch (error) {
      if (error instanceof ConfigError) throw error
      const time = new Date(this.#options.wallNow()).toISOString().replace(/[:.]/g, '-')
      const aside = await this.#file.setAside(`damaged-${time}`)
      this.#tell(error, 'the kept log can not be used; a new one begins', { aside })
      return undefined
    }
  }

  #tell(error: unknown, text: string, more: object = {}): void {
    const fields = { file: this.#file.path, ...more, why: messageOf(error) }
    this.#options.logger.error(fields, text)
  }
}
