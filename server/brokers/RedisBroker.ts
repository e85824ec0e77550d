// The broker of several nodes: the log is a stream in Redis, and every node follows it.
//
//   append ──(one script)──► stream ──► every node's LogFollower ──► sink
//                                        │ an entry of ours: its append is done
//                                        └ an entry that asks: we answer how many we reach
//
// Publishing needs Redis, reading never does.

import type { Logger } from 'pino'
import { type Cursor, formatCursor } from '../../shared/cursor.js'
import { LuaScript } from '../redis/LuaScript.js'
import type { RedisConnections } from '../redis/RedisConnections.js'
import type { Broker, BrokerSink, Publication, Receipt } from './Broker.js'
import {
  type AppendReply,
  appendCall,
  idsOf,
  type KnownReceipt,
  receiptsIn,
  unavailable,
} from './redis/appendCall.js'
import { LogFollower } from './redis/LogFollower.js'
import { PendingAppend } from './redis/PendingAppend.js'
import { Pulse } from './redis/Pulse.js'
import { RedisClock } from './redis/RedisClock.js'
import { SharedLog } from './redis/SharedLog.js'
import { APPEND } from './redis/scripts.js'
import { positionAt, type StreamEntry } from './redis/streamEntry.js'

/** An append that Redis has not carried out by then, by its own clock, it never will. */
const APPEND_WITHIN_MS = 2000
/** After its time, so that what the publisher is told is settled. */
const ANSWER_WITHIN_MS = 2500
const START_WITHIN_MS = 2500
const MIN_KEEP_MS = 3_600_000
const MAX_REFUSALS = 20
const ANSWERS = { kept: 1000, ttlMs: 60_000 }

/** Tells the asking node how many connections a publication has here. */
const ANSWER = new LuaScript(`
redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[1], '*', 'n', ARGV[3], 'a', ARGV[4], 'i', ARGV[5],
  'c', ARGV[6])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
`)

interface RedisBrokerOptions {
  readonly redis: RedisConnections
  /** This process: letters and digits, different at every start. */
  readonly node: string
  /** 6–16 characters of a–z and 0–9, different each time. */
  readonly newEpoch: () => string
  readonly monotonicNow: () => number
  readonly messageTtlMs: number
  readonly maxLogBytes: number
  readonly idempotencyTtlMs: number
  readonly maxIdempotencyKeys: number
  readonly logger: Pick<Logger, 'warn' | 'info'>
  readonly onFault: (error: unknown) => void
}

export class RedisBroker implements Broker {
  readonly #options: RedisBrokerOptions
  readonly #clock: RedisClock
  readonly #keepMs: number
  readonly #appends = new Map<number, PendingAppend>()
  #follower: LogFollower | undefined
  #pulse: Pulse | undefined
  #lastAppend = 0
  /** Of the publication that is being read: how many connections it has here. */
  #count = { publication: '', recipients: 0 }
  #wasDeaf = false
  /** What Redis has refused since entries came last: each is said once. */
  readonly #refusals = new Set<string>()

  constructor(options: RedisBrokerOptions) {
    this.#options = options
    this.#clock = new RedisClock(options.monotonicNow)
    this.#keepMs = Math.max(MIN_KEEP_MS, 2 * options.messageTtlMs)
  }

  get isDelivering(): boolean {
    return this.#follower?.following !== undefined && this.#pulse?.isDeaf === false
  }

  get nodes(): number {
    return this.#pulse?.nodes ?? 1
  }

  isAhead(cursor: Cursor): boolean {
    return this.#follower?.isAhead(cursor) ?? false
  }

  async reach(cursor: Cursor): Promise<boolean> {
    return (await this.#follower?.reach(cursor)) ?? false
  }

  async start(sink: BrokerSink): Promise<void> {
    const { redis, logger } = this.#options
    redis.commands.on('close', () => this.#clock.forget())
    const began = new Promise<void>((resolve) => {
      this.#follower = this.#createFollower({
        begin: (epoch, from, lostUpTo) => sink.begin(epoch, from, lostUpTo),
        began: () => {
          sink.began()
          this.#pulse?.joined()
          resolve()
        },
        apply: (entry, ageMs) => sink.apply(entry, ageMs),
        lose: (upTo) => sink.lose(upTo),
        count: (audience, kind) => sink.count(audience, kind),
      })
    })
    this.#pulse = this.#createPulse()
    this.#follower?.run().catch((error: unknown) => this.#onTrouble(error))
    this.#pulse.start()
    const late = new Promise<void>((resolve) => setTimeout(resolve, START_WITHIN_MS).unref())
    await Promise.race([began, late])
    if (!this.isDelivering) logger.warn('not ready: waiting for the log in Redis')
  }

  async append(publications: readonly Publication[]): Promise<readonly Receipt[]> {
    const epoch = this.#follower?.following?.epoch
    const now = this.#clock.now
    const isPossible = epoch !== undefined && now !== undefined && this.#options.redis.isUp
    if (!isPossible) throw unavailable()
    this.#lastAppend += 1
    const append = this.#lastAppend
    const pending = new PendingAppend(publications.length)
    this.#appends.set(append, pending)
    pending.ask(publications.some(({ isCounted }) => isCounted) ? (this.#pulse?.peers ?? []) : [])
    try {
      return await this.#appended(publications, { epoch, now, append, pending })
    } finally {
      this.#appends.delete(append)
    }
  }

  async close(): Promise<void> {
    const follower = this.#follower
    this.#follower = undefined
    await this.#pulse?.stop()
    follower?.close()
  }

  async #appended(publications: readonly Publication[], sent: Sent): Promise<readonly Receipt[]> {
    const { monotonicNow } = this.#options
    const { pending, epoch } = sent
    const answerBy = monotonicNow() + ANSWER_WITHIN_MS
    const reply = await this.#send(publications, sent).catch((error: unknown) => {
      if (!isRefusal(error)) return undefined
      // Refused as a whole: nothing was carried out.
      this.#onTrouble(error)
      throw unavailable()
    })
    const receipts = reply === undefined ? undefined : this.#receiptsIn(reply, epoch)
    const all = publications.map((_, index) => index)
    const ours = all.filter((index) => !receipts?.[index]?.isDuplicate)
    const isRead = await pending.untilRead(ours, answerBy - monotonicNow())
    if (receipts === undefined && !isRead) throw unavailable()
    const isCounted = publications.some((publication) => publication.isCounted)
    const isAsked = isCounted && ours.length > 0
    const isComplete = !isAsked || (await pending.untilCounted())
    return publications.map(({ items }, index) => {
      const receipt = receipts?.[index]
      const isDuplicate = receipt?.isDuplicate ?? false
      const position = positionAt(receipt?.lastId ?? pending.idOf(index) ?? '0-0')
      return {
        ids: receipt?.ids ?? idsOf(items),
        position,
        cursor: formatCursor(position, epoch),
        isDuplicate,
        recipients: isDuplicate ? 0 : pending.recipientsOf(index),
        isPartial: !isDuplicate && isCounted && !(isComplete && isRead),
      }
    })
  }

  async #send(publications: readonly Publication[], sent: Sent): Promise<AppendReply> {
    const { redis, messageTtlMs, maxLogBytes, idempotencyTtlMs, maxIdempotencyKeys } = this.#options
    const { keys, args } = appendCall(publications, {
      epoch: sent.epoch,
      deadline: sent.now + APPEND_WITHIN_MS,
      messageTtlMs,
      maxLogBytes,
      idempotencyTtlMs,
      maxIdempotencyKeys,
      keepMs: this.#keepMs,
      node: this.#options.node,
      append: sent.append,
    })
    const names = keys.map((key) => redis.key(key))
    return (await APPEND.run(redis.commands, names, args)) as AppendReply
  }

  #receiptsIn(reply: AppendReply, epoch: string): readonly KnownReceipt[] {
    this.#clock.set(Number(reply[1]))
    if (reply[0] === 'epoch') this.#follower?.lookAgain()
    const receipts = receiptsIn(reply)
    for (const { lastId } of receipts) this.#follower?.promise(lastId, epoch)
    return receipts
  }

  #createFollower(sink: BrokerSink): LogFollower {
    const { redis, node, newEpoch, logger, monotonicNow } = this.#options
    const parts = { connections: redis, clock: this.#clock }
    return new LogFollower({
      ...parts,
      node,
      monotonicNow,
      sink,
      log: new SharedLog({ ...parts, newEpoch, keepMs: this.#keepMs }),
      onEntry: (entry, isReplayed) => this.#read(entry, isReplayed ? undefined : sink),
      onBeat: ({ n = '', r = '', b, x }) => {
        if (x === undefined) this.#heard(n, Number(b), r)
        else this.#pulse?.left(n)
      },
      onAnswer: ({ n = '', a, i, c }) =>
        this.#appends.get(Number(a))?.answered(n, Number(i), Number(c)),
      onNewInstance: () => {
        this.#pulse?.callWitnesses()
        this.#pulse?.joined()
      },
      onTrouble: (error) => this.#onTrouble(error),
      onBegun: (why) => logger.warn({ why }, 'a new log begins: all clients are told to resync'),
    })
  }

  #createPulse(): Pulse {
    const { redis, node, monotonicNow, messageTtlMs, maxLogBytes } = this.#options
    return new Pulse({
      node,
      connections: redis,
      monotonicNow,
      clock: this.#clock,
      ttlMs: messageTtlMs,
      maxBytes: maxLogBytes,
      keepMs: this.#keepMs,
      following: () => this.#follower?.following,
      found: (epoch, lastId, last) => this.#follower?.found(epoch, lastId, last),
      onDeaf: () => this.#onDeaf(),
      onWitnessLost: () =>
        this.#follower?.doubt('a node ended while Redis was away, with what it had delivered'),
      onTrouble: (error) => this.#onTrouble(error),
    })
  }

  /** An entry is about to be handed over. Without `sink`: from before, when others counted. */
  #read(entry: StreamEntry, sink: BrokerSink | undefined): void {
    const { node, append, publication } = entry.tag
    const { audience, kind } = entry.item
    // Before, since who is reached by a held poll is gone as soon as it was.
    const here = entry.isCounted ? (sink?.count(audience, kind) ?? 0) : 0
    if (node === this.#options.node) return this.#appends.get(append)?.read(entry, here)
    if (!entry.isCounted || sink === undefined) return
    const name = `${node}:${append}:${publication}`
    if (this.#count.publication !== name) this.#count = { publication: name, recipients: 0 }
    this.#count.recipients += here
    if (entry.isLast) this.#answer(entry, this.#count.recipients)
  }

  #answer({ tag }: StreamEntry, recipients: number): void {
    const { redis, node } = this.#options
    if (!redis.isUp) return
    const key = redis.key(`answers:${tag.node}`)
    const args = [ANSWERS.kept, ANSWERS.ttlMs, node, tag.append, tag.publication, recipients]
    // Who asked does without it after a moment, and says so.
    ANSWER.run(redis.commands, [key], args).catch(() => {})
  }

  #heard(node: string, beat: number, runId: string): void {
    this.#pulse?.heard(node, beat, runId)
    if (!this.#wasDeaf || this.#pulse?.isDeaf !== false) return
    this.#wasDeaf = false
    this.#refusals.clear()
    this.#options.logger.info('entries come from Redis again')
  }

  #onDeaf(): void {
    if (!this.#wasDeaf) this.#options.logger.warn('nothing comes from Redis: not ready')
    this.#wasDeaf = true
    this.#follower?.lookAgain()
  }

  /** What Redis refuses, once each; that it is away is said by the connections. */
  #onTrouble(error: unknown): void {
    if (isOwnFault(error)) return this.#options.onFault(error)
    if (!isRefusal(error)) return
    const why = error.message.slice(0, 300)
    if (this.#refusals.has(why) || this.#refusals.size === MAX_REFUSALS) return
    this.#refusals.add(why)
    this.#options.logger.warn({ why }, 'Redis refuses')
  }
}

interface Sent {
  readonly epoch: string
  /** Redis's time. */
  readonly now: number
  readonly append: number
  readonly pending: PendingAppend
}

/** An answer of Redis's own: it took the command, and did nothing. */
const isRefusal = (error: unknown): error is Error =>
  error instanceof Error && error.name === 'ReplyError'

/** Neither Redis's nor the network's. */
const isOwnFault = (error: unknown): boolean =>
  error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError
