// The way in: reads the stream from where this node stands and hands it over, entry by entry. Each
// entry names the one before it, so nothing can be missing without being noticed.
//
//   looking ──► replaying ──► following ── an entry doesn't fit, or the connection is cut ──► looking
//      │  the log is another one      │
//      └─ lost, or there is none ─────┴──► a new epoch begins, by whoever is first

import type { Redis } from 'ioredis'
import { type Cursor, comparePositions } from '../../../shared/cursor.js'
import { SyncError } from '../../../shared/errors.js'
import type { RedisConnections } from '../../redis/RedisConnections.js'
import type { BrokerSink } from '../Broker.js'
import { toEntry } from '../Entry.js'
import { Progress } from './Progress.js'
import { Promises } from './Promises.js'
import type { Following } from './Pulse.js'
import { type Followed, whyAnother } from './proof.js'
import type { RedisClock } from './RedisClock.js'
import { type Found, isIn, type SharedLog } from './SharedLog.js'
import { fromFields, isBefore, laterId, positionAt, type StreamEntry } from './streamEntry.js'

const PAGE = 200
const BLOCK_MS = 1000
/** A read that is not answered by then never will be. */
const READ_TIMEOUT_MS = 4000
const RETRY_MS = 150
const REACH_WITHIN_MS = 4000
/** Ended epochs that are known by name, so that a crowd of their cursors costs no question each. */
const MAX_ENDED = 32

interface LogFollowerOptions {
  readonly node: string
  readonly connections: RedisConnections
  readonly clock: RedisClock
  /** Milliseconds that never jump. */
  readonly monotonicNow: () => number
  readonly sink: BrokerSink
  readonly log: SharedLog
  /** Each entry, before it is handed over. `isReplayed`: others have seen it before. */
  readonly onEntry: (entry: StreamEntry, isReplayed: boolean) => void
  readonly onBeat: (fields: Readonly<Record<string, string>>) => void
  readonly onAnswer: (fields: Readonly<Record<string, string>>) => void
  /** Redis is another instance than before, and nothing is missing in it that this node knows of. */
  readonly onNewInstance: () => void
  readonly onTrouble: (error: unknown) => void
  /** A new epoch was begun by this node, and why. */
  readonly onBegun: (why: string) => void
}

type RawEntry = readonly [id: string, fields: readonly string[]]
type RawStreams = readonly (readonly [key: string, entries: readonly RawEntry[]])[]

export class LogFollower {
  readonly #options: LogFollowerOptions
  readonly #tail: Redis
  readonly #ended = new Set<string>()
  #promises = new Promises()
  readonly #progress = new Progress()
  #epoch: string | undefined
  #runId = ''
  #start = '0-0'
  #last = '0-0'
  #lastBeat = '0-0'
  #lastAnswer = '0-0'
  #lastMark = ''
  /** An entry did not follow the one before it. */
  #breach: string | undefined
  /** Why the log can't be the one that was followed, whatever it looks like. */
  #doubt: string | undefined
  #isClosed = false
  #isFollowing = false

  constructor(options: LogFollowerOptions) {
    this.#options = options
    this.#tail = options.connections.open(READ_TIMEOUT_MS)
  }

  /** The log that is followed, on which instance of Redis, and up to where. */
  get following(): Following | undefined {
    if (this.#epoch === undefined) return undefined
    return { epoch: this.#epoch, runId: this.#runId, last: this.#last }
  }

  /** Follows the log until it is closed, whatever happens. */
  async run(): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.#untilConnected()
        await this.#settle()
        this.#isFollowing = true
        await this.#follow()
      } catch (error) {
        if (this.#isClosed) return
        this.#options.onTrouble(error)
        await pause(RETRY_MS)
      } finally {
        this.#isFollowing = false
      }
    }
  }

  close(): void {
    this.#isClosed = true
    this.#tail.disconnect()
    this.#progress.made()
  }

  /** Looks anew at what Redis has, if it doesn't already. */
  lookAgain(): void {
    if (!this.#isFollowing || this.#tail.status !== 'ready') return
    this.#isFollowing = false
    this.#tail.disconnect(true)
  }

  /** What was followed can't be trusted any more. */
  doubt(why: string): void {
    this.#doubt = why
    this.lookAgain()
  }

  /** What a beat found there, which was sent when `last` was the last one here. */
  found(epoch: string, lastId: string, last: string): void {
    if (this.#epoch === undefined) return
    this.promise(lastId, epoch)
    const isBehind = lastId === '' || isBefore(lastId, last)
    if (epoch !== this.#epoch || isBehind) this.lookAgain()
  }

  /** Redis says that it has an entry there, of this epoch: from now on it has to be in the log. */
  promise(id: string, epoch: string): void {
    if (epoch === this.#epoch && isBefore(this.#last, id)) this.#promises.add(id)
  }

  isAhead(cursor: Cursor): boolean {
    if (cursor.epoch === this.#epoch) return comparePositions(cursor, positionAt(this.#last)) > 0
    return !this.#ended.has(cursor.epoch)
  }

  /** See `Broker.reach`. */
  async reach(cursor: Cursor): Promise<boolean> {
    const until = this.#options.monotonicNow() + REACH_WITHIN_MS
    while (this.isAhead(cursor) && !this.#isClosed) {
      // What is read while it looks, the look is too early for.
      const last = this.#last
      const found = await this.#options.log.lookAside()
      // It may have come while this looked.
      if (!this.isAhead(cursor)) return true
      if (found !== undefined && !isIn(found, cursor)) {
        const isOurs = cursor.epoch === this.#epoch
        const isIntact = found.epoch === this.#epoch && !isBefore(found.lastId, last)
        if (!isOurs || isIntact) return false
        // What this node has itself is missing there: another log is about to begin, for all.
        this.lookAgain()
      }
      const left = until - this.#options.monotonicNow()
      if (left <= 0) throw notReached()
      await this.#progress.within(Math.min(left, found === undefined ? RETRY_MS : left))
    }
    return !this.#isClosed
  }

  #untilConnected(): Promise<void> {
    if (this.#tail.status === 'ready') return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#tail.off('ready', done)
        resolve()
      }
      const timer = setTimeout(done, RETRY_MS)
      this.#tail.on('ready', done)
    })
  }

  get #followed(): Followed {
    return {
      node: this.#options.node,
      epoch: this.#epoch,
      ended: this.#ended,
      start: this.#start,
      last: this.#last,
      lastMark: this.#lastMark,
      breach: this.#breach,
      doubt: this.#doubt,
    }
  }

  async #settle(): Promise<void> {
    const { log } = this.#options
    const instance = await log.instance(this.#tail)
    const { runId } = instance
    // What is promised from here on, the look may be too early for.
    const promised = this.#promises.last
    const found = await log.look(this.#tail, this.#epoch === undefined ? '' : this.#last)
    const why = whyAnother(this.#followed, found, instance, promised ?? this.#last)
    if (why === 'wait') throw new SyncError('unavailable', 'other nodes look at the log first')
    if (why !== undefined) {
      if (await log.begin(this.#tail, found.epoch, runId)) this.#options.onBegun(why)
      return this.#settle()
    }
    const isNewInstance = this.#runId !== '' && this.#runId !== runId
    this.#breach = undefined
    this.#doubt = undefined
    this.#runId = runId
    // Another machine's clock may be behind.
    if (isBefore(found.lastBeat, this.#lastBeat)) this.#lastBeat = found.lastBeat
    if (isNewInstance) this.#lastAnswer = '0-0'
    if (found.epoch !== this.#epoch) return this.#replay(found)
    if (isBefore(this.#last, found.trimmed)) this.#lose(found.trimmed)
    if (isNewInstance) this.#options.onNewInstance()
  }

  /** Reads all that is retained, then hands it over in one turn: nobody sees half a log. */
  async #replay(found: Found): Promise<void> {
    const entries: StreamEntry[] = []
    let last: string | undefined
    while (isBefore(last ?? found.trimmed, found.lastId)) {
      const after = `(${last ?? found.trimmed}`
      const page = await this.#tail.xrange(this.#logKey, after, '+', 'COUNT', PAGE)
      if (page.length === 0) break
      for (const [id, fields] of page) {
        const entry = fromFields(id, fields)
        const isNext = last === undefined || entry === undefined || entry.previous === last
        if (!isNext) throw trimmedMeanwhile()
        if (entry !== undefined) entries.push(entry)
        last = id
      }
    }
    const { sink } = this.#options
    if (this.#epoch !== undefined) this.#end(this.#epoch)
    this.#epoch = found.epoch
    this.#start = found.start
    // What left between the look and the first page was never seen here.
    const lostUpTo = laterId(found.trimmed, entries[0]?.previous ?? found.trimmed)
    sink.begin(found.epoch, positionAt(found.start), positionAt(lostUpTo))
    for (const entry of entries) this.#handOver(entry, true)
    this.#last = last ?? found.start
    this.#lastMark = entries.at(-1)?.id === last ? (entries.at(-1)?.mark ?? '') : ''
    this.#lastBeat = found.lastBeat
    sink.began()
    // What stood at the end has left since the look.
    if (isBefore(this.#last, found.lastId)) this.#lose(found.lastId)
    this.#promises = new Promises()
    this.#progress.made()
  }

  #end(epoch: string): void {
    this.#ended.add(epoch)
    const [oldest] = this.#ended
    if (oldest !== undefined && this.#ended.size > MAX_ENDED) this.#ended.delete(oldest)
  }

  /** What this node has yet to read left the log meanwhile. */
  #lose(trimmed: string): void {
    this.#options.sink.lose(positionAt(trimmed))
    this.#last = trimmed
    this.#promises.settle(trimmed)
    this.#progress.made()
  }

  async #follow(): Promise<void> {
    const { connections, node, onBeat, onAnswer } = this.#options
    const beats = connections.key('beats')
    const answers = connections.key(`answers:${node}`)
    const keys = [this.#logKey, beats, answers] as const
    while (!this.#isClosed) {
      const ids = [this.#last, this.#lastBeat, this.#lastAnswer]
      const read = this.#tail.xread('COUNT', PAGE, 'BLOCK', BLOCK_MS, 'STREAMS', ...keys, ...ids)
      const streams = (await orReconnect(read, this.#tail)) as RawStreams | null
      for (const [key, entries] of streams ?? []) {
        if (key === this.#logKey && !this.#take(entries)) return
        if (key === this.#logKey) continue
        for (const [, fields] of entries) (key === beats ? onBeat : onAnswer)(recordOf(fields))
        const last = entries.at(-1)?.[0]
        if (last === undefined) continue
        if (key === beats) this.#lastBeat = last
        else this.#lastAnswer = last
      }
    }
  }

  /** Hands over what was read. False where an entry doesn't follow the one before. */
  #take(entries: readonly RawEntry[]): boolean {
    for (const [id, fields] of entries) {
      const entry = fromFields(id, fields)
      if (entry !== undefined && entry.previous !== this.#last) {
        this.#breach = 'an entry in Redis does not follow the one that was delivered'
        return false
      }
      if (this.#promises.isBrokenBy(id)) {
        this.#breach = 'an entry that was acknowledged is missing in Redis'
        return false
      }
      // What isn't ours has a place all the same.
      if (entry !== undefined) this.#handOver(entry, false)
      this.#last = id
      this.#lastMark = entry?.mark ?? ''
      this.#promises.settle(id)
    }
    this.#progress.made()
    return true
  }

  #handOver(entry: StreamEntry, isReplayed: boolean): void {
    const { sink, clock, onEntry } = this.#options
    const position = positionAt(entry.id)
    onEntry(entry, isReplayed)
    const ageMs = Math.max(0, (clock.lastKnown ?? position.ms) - position.ms)
    sink.apply(toEntry(entry.item, position, this.#epoch ?? ''), ageMs)
  }

  get #logKey(): string {
    return this.#options.connections.key('log')
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A read that got no answer leaves the connection waiting for it. */
function orReconnect<Value>(read: Promise<Value>, redis: Redis): Promise<Value> {
  return read.catch((error: unknown) => {
    if (redis.status === 'ready') redis.disconnect(true)
    throw error
  })
}

function recordOf(fields: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {}
  for (let at = 0; at + 1 < fields.length; at += 2) {
    record[String(fields[at])] = String(fields[at + 1])
  }
  return record
}

const notReached = (): SyncError =>
  new SyncError('unavailable', 'this server has yet to hear what your cursor stands for; try again')

const trimmedMeanwhile = (): SyncError =>
  new SyncError('unavailable', 'the log moved on while it was read')
