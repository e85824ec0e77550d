// The beat of a node: sent through Redis and waited for on the way that entries come. A node whose
// beats don't come back hears nothing of the log either, however open its connections look.

import type { Redis } from 'ioredis'
import type { RedisConnections } from '../../redis/RedisConnections.js'
import type { RedisClock } from './RedisClock.js'
import { BEAT, LEAVE, TRIM_LOG } from './scripts.js'

const BEAT_EVERY_MS = 2000
/** Three beats that didn't come back. */
const DEAF_AFTER_MS = 3 * BEAT_EVERY_MS + 500
/** A node that has not beaten for so long is none. */
export const ALIVE_MS = 8000
const LEAVE_WITHIN_MS = 500
/** Where another connection may do better, one is tried so often. */
const RECONNECT_AFTER_MS = 5000
const TRIM_STEP = 100
const MAX_TRIM_STEPS = 500

interface PulseOptions {
  readonly node: string
  readonly connections: RedisConnections
  readonly clock: RedisClock
  readonly monotonicNow: () => number
  readonly ttlMs: number
  readonly maxBytes: number
  readonly keepMs: number
  /** What this node follows: an epoch, on an instance of Redis that it has looked at. */
  readonly following: () => Following | undefined
  /** What a beat found in Redis, sent when this node stood at `last`. */
  readonly found: (epoch: string, lastId: string, last: string) => void
  /** Nothing comes back: whatever is open is of no use. */
  readonly onDeaf: () => void
  /** A node that served this log is gone, and so is what only it could have missed. */
  readonly onWitnessLost: () => void
  readonly onTrouble: (error: unknown) => void
}

/** A log, and how far. */
export interface Following {
  readonly epoch: string
  readonly runId: string
  readonly last: string
}

interface Peer {
  readonly at: number
  readonly beat: number
  readonly runId: string
}

export class Pulse {
  readonly #options: PulseOptions
  readonly #peers = new Map<string, Peer>()
  #timer: NodeJS.Timeout | undefined
  /** How many beats this node has sent, and which of them came back last. */
  #beats = 0
  #heardBeat = 0
  /** When a beat of this node came back last, and one of any node. */
  #heardAt: number
  #lastHeardAt: number
  #isStopped = false
  #reconnectedAt = Number.NEGATIVE_INFINITY
  #nodes = 1
  /** Nodes that have yet to say that nothing they served is missing, and by when. */
  #witnesses: { readonly nodes: Set<string>; readonly until: number } | undefined

  constructor(options: PulseOptions) {
    this.#options = options
    this.#heardAt = options.monotonicNow()
    this.#lastHeardAt = this.#heardAt
  }

  start(): void {
    this.#timer = setInterval(() => void this.#beat(), BEAT_EVERY_MS)
    this.#options.connections.commands.on('ready', () => void this.#beat())
    void this.#beat()
  }

  /** Says at once that this node follows a log. */
  joined(): void {
    void this.#beat()
  }

  get isDeaf(): boolean {
    return this.#options.monotonicNow() - this.#heardAt >= DEAF_AFTER_MS
  }

  get nodes(): number {
    return this.#nodes
  }

  /** The other nodes. */
  get peers(): readonly string[] {
    const since = this.#options.monotonicNow() - ALIVE_MS
    return [...this.#peers].flatMap(([node, { at }]) => (at > since ? [node] : []))
  }

  /** A node's `beat`, counted from 1. One that is read again, as where Redis was restored, is none. */
  heard(node: string, beat: number, runId: string): void {
    const { node: self, monotonicNow, following } = this.#options
    const last = node === self ? this.#heardBeat : (this.#peers.get(node)?.beat ?? 0)
    if (beat <= last) return
    this.#lastHeardAt = monotonicNow()
    if (node === self) {
      this.#heardBeat = beat
      this.#heardAt = monotonicNow()
      return
    }
    // One that has no log yet serves nobody.
    if (runId === '') return
    // A newcomer hears of this node at once.
    if (!this.#peers.has(node)) void this.#beat()
    this.#peers.set(node, { at: monotonicNow(), beat, runId })
    if (runId === following()?.runId) this.#witnesses?.nodes.delete(node)
  }

  left(node: string): void {
    this.#peers.delete(node)
    this.#witnesses?.nodes.delete(node)
  }

  /**
   * Redis is another instance than before. This node misses nothing in it; whether the others do,
   * only they can say.
   */
  callWitnesses(): void {
    const { following, monotonicNow } = this.#options
    const runId = following()?.runId
    const nodes = this.#peersAtLast.filter((node) => this.#peers.get(node)?.runId !== runId)
    const pending = this.#witnesses?.nodes ?? []
    this.#witnesses = { nodes: new Set([...pending, ...nodes]), until: monotonicNow() + ALIVE_MS }
  }

  /** Those that were alive when something was heard at all. */
  get #peersAtLast(): readonly string[] {
    const since = this.#lastHeardAt - ALIVE_MS
    return [...this.#peers].flatMap(([node, { at }]) => (at > since ? [node] : []))
  }

  /** Says goodbye, so that nobody waits for this node. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#isStopped = true
    const { connections, node } = this.#options
    if (!connections.isUp) return
    const keys = [connections.key('beats'), connections.key('nodes')]
    const said = LEAVE.run(connections.commands, keys, [node]).catch(() => {})
    await Promise.race([said, new Promise((resolve) => setTimeout(resolve, LEAVE_WITHIN_MS))])
  }

  async #beat(): Promise<void> {
    if (this.isDeaf) this.#options.onDeaf()
    this.#watchWitnesses()
    const { connections, onTrouble, clock, found, following } = this.#options
    if (!connections.isUp || this.#isStopped) return
    try {
      const { last = '0-0' } = following() ?? {}
      const [now, epoch, lastId, nodes] = (await this.#send(connections.commands)) as BeatReply
      clock.set(Number(now))
      this.#nodes = Math.max(1, nodes.length)
      this.#forgetPeers()
      found(epoch, lastId, last)
      await this.#trim(connections.commands)
    } catch (error) {
      onTrouble(error)
      this.#reconnectIfHopeless(error)
    }
  }

  #reconnectIfHopeless(error: unknown): void {
    const { connections, monotonicNow } = this.#options
    if (!isHopeless(error) || !connections.isUp) return
    if (monotonicNow() - this.#reconnectedAt < RECONNECT_AFTER_MS) return
    this.#reconnectedAt = monotonicNow()
    connections.reconnect()
  }

  #send(redis: Redis) {
    const { connections, node, following, keepMs } = this.#options
    const { epoch = '', runId = '' } = following() ?? {}
    const keys = ['log', 'meta', 'beats', 'nodes'].map((name) => connections.key(name))
    this.#beats += 1
    const args = [node, epoch, keepMs, ALIVE_MS, runId, this.#beats]
    return BEAT.run(redis, keys, args)
  }

  /** Lets go of what has expired; a step at a time, so that publishers get their turns. */
  async #trim(redis: Redis): Promise<void> {
    const { connections, ttlMs, maxBytes } = this.#options
    const keys = [connections.key('log'), connections.key('meta')]
    for (let step = 0; step < MAX_TRIM_STEPS; step += 1) {
      if (Number(await TRIM_LOG.run(redis, keys, [ttlMs, maxBytes, TRIM_STEP])) < TRIM_STEP) return
    }
  }

  #watchWitnesses(): void {
    if (this.#witnesses === undefined) return
    const { nodes, until } = this.#witnesses
    if (nodes.size > 0 && this.#options.monotonicNow() < until) return
    this.#witnesses = undefined
    if (nodes.size > 0) this.#options.onWitnessLost()
  }

  #forgetPeers(): void {
    const alive = new Set(this.#peersAtLast)
    for (const node of this.#peers.keys()) if (!alive.has(node)) this.#peers.delete(node)
  }
}

/**
 * Whether another connection may do better: this one is mute, so that whatever follows would wait
 * too, or it leads to what has become a replica.
 */
const isHopeless = (error: unknown): boolean =>
  error instanceof Error && /^(Command timed out|READONLY)/.test(error.message)

type BeatReply = readonly [now: string, epoch: string, lastId: string, nodes: readonly string[]]
