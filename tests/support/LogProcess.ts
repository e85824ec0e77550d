// What a server process knows of its log, without the server: a broker, a log, and a file between
// one process and the next. Its monotonic clock begins anew, as a real one's.

import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrokerSink } from '../../server/brokers/Broker.js'
import { LocalBroker } from '../../server/brokers/LocalBroker.js'
import { MessageQueueService } from '../../server/services/MessageQueueService.js'
import { SnapshotKeeper } from '../../server/services/SnapshotKeeper.js'

/** Both clocks go by it, and no other. */
export interface Clock {
  wallMs: number
  monotonicMs: number
}

export interface LogBounds {
  readonly ttlMs: number
  readonly maxMessagesPerAudience: number
  readonly maxBytes: number
  readonly maxMarks: number
  readonly idempotencyTtlMs: number
  readonly maxIdempotencyKeys: number
}

interface LogProcessOptions {
  readonly clock: Clock
  /** Of a new log. */
  readonly epoch: string
  /** Where the log is kept; nowhere by default. */
  readonly path?: string
  readonly bounds?: Partial<LogBounds>
}

const BOUNDS: LogBounds = {
  ttlMs: 300_000,
  maxMessagesPerAudience: 1000,
  maxBytes: 1e9,
  maxMarks: 1000,
  idempotencyTtlMs: 300_000,
  maxIdempotencyKeys: 1000,
}

/** A line that was logged. */
interface Line {
  readonly level: 'info' | 'warn' | 'error'
  readonly text: string
  readonly fields: Readonly<Record<string, unknown>>
}

export class LogProcess {
  readonly log: MessageQueueService
  readonly broker: LocalBroker
  readonly lines: Line[] = []

  constructor({ clock, epoch, path, bounds }: LogProcessOptions) {
    const all = { ...BOUNDS, ...bounds }
    const wallNow = () => clock.wallMs
    const monotonicNow = () => clock.monotonicMs
    this.log = new MessageQueueService({ ...all, now: monotonicNow })
    const note = (level: Line['level']) => (fields: object, text: string) => {
      this.lines.push({ level, text, fields: { ...fields } })
    }
    const logger = { info: note('info'), warn: note('warn'), error: note('error') } as never
    const clocks = { wallNow, monotonicNow }
    const run = randomUUID()
    const keeper = path && new SnapshotKeeper({ path, run, log: this.log, logger, ...clocks })
    this.broker = new LocalBroker({
      epoch,
      ...clocks,
      idempotencyTtlMs: all.idempotencyTtlMs,
      maxIdempotencyKeys: all.maxIdempotencyKeys,
      ...(keeper && { keeper }),
    })
  }

  static async start(options: LogProcessOptions): Promise<LogProcess> {
    const process = new LogProcess(options)
    await process.start()
    return process
  }

  async start(): Promise<void> {
    const { log } = this
    const sink: BrokerSink = {
      begin: (epoch, start, lostUpTo) => log.begin(epoch, start, lostUpTo),
      began() {},
      apply: (entry, ageMs) => log.apply(entry, ageMs),
      lose: (upTo) => log.lose(upTo),
      count: () => 0,
    }
    await this.broker.start(sink)
  }

  /** The lines that say that something went wrong. */
  get faults(): Line[] {
    return this.lines.filter(({ level }) => level !== 'info')
  }
}

/** A folder that is gone when `act` is done. */
export async function inFolder<Result>(act: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'syncline-snapshot-'))
  try {
    return await act(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
