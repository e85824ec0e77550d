// The beat of a node: sent through Redis and waited for on the way that entries come. A node whose
// beats don't come back hears nothing of the log either, however open its connections look.

import type { Redis } from 'ioredis'
import type { RedisConnections } from '../../redis/RedisConnections.js'
import type { RedisClock } from './RedisClock.js'
import { BEAT, LEAVE } from './scripts.js'

const BEAT_EVERY_MS = 2000
const DEAF_AFTER_BEATS = 3
/** A node that has not beaten for so long is none. */
export const ALIVE_MS = 8000
const LEAVE_WITHIN_MS = 500

interface PulseOptions {
  readonly node: string
  readonly connections: RedisConnections
  readonly clock: RedisClock
  readonly monotonicNow: () => number
  readonly ttlMs: number
  readonly maxBytes: number
  readonly keepMs: number
  /** What this node follows: an epoch, on an instance of Redis that it has looked at. */
  readonly following: () => { readonly epoch: string; readonly runId: string } | undefined
  /** What a beat found in Redis. */
  readonly found: (epoch: string, lastId: string) => void
  /** Nothing comes back: whatever is open is of no use. */
  readonly onDeaf: () => void
  /** A node that served this log is gone, and so is what only it could have missed. */
  readonly onWitnessLost: () => void
  readonly onTrouble: (error: unknown) => void
}

interface Peer {
  readonly at: number
  readonly runId: string
}

export class Pulse {
  readonly #options: PulseOptions
  readonly #peers = new Map<string, Peer>()
  #timer: NodeJS.Timeout | undefined
  #sent = 0
  #heard = 0
  #nodes = 1
  /** Nodes that have yet to say that nothing they served is missing, and by when. */
  #witnesses: { readonly nodes: Set<string>; readonly until: number } | undefined

  constructor(options: PulseOptions) {
    this.#options = options
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
    return this.#sent - this.#heard >= DEAF_AFTER_BEATS
  }

  get nodes(): number {
    return this.#nodes
  }

  /** The other nodes. */
  get peers(): readonly string[] {
    const since = this.#options.monotonicNow() - ALIVE_MS
    return [...this.#peers].flatMap(([node, { at }]) => (at > since ? [node] : []))
  }

  heard(node: string, number: number, runId: string): void {
    if (node === this.#options.node) {
      this.#heard = Math.max(this.#heard, number)
      return
    }
    // One that has no log yet serves nobody.
    if (runId === '') return
    this.#peers.set(node, { at: this.#options.monotonicNow(), runId })
    if (runId === this.#options.following()?.runId) this.#witnesses?.nodes.delete(node)
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
    const nodes = this.peers.filter((node) => this.#peers.get(node)?.runId !== runId)
    this.#witnesses = { nodes: new Set(nodes), until: monotonicNow() + ALIVE_MS }
  }

  /** Says goodbye, so that nobody waits for this node. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    const { connections, node } = this.#options
    if (!connections.isUp) return
    const keys = [connections.key('beats'), connections.key('nodes')]
    const said = LEAVE.run(connections.commands, keys, [node]).catch(() => {})
    await Promise.race([said, new Promise((resolve) => setTimeout(resolve, LEAVE_WITHIN_MS))])
  }

  async #beat(): Promise<void> {
    this.#sent += 1
    if (this.isDeaf) this.#options.onDeaf()
    this.#watchWitnesses()
    const { connections, onTrouble, clock, found } = this.#options
    if (!connections.isUp) return
    try {
      const [now, epoch, lastId, nodes] = (await this.#send(connections.commands)) as BeatReply
      clock.set(Number(now))
      this.#nodes = Math.max(1, nodes.length)
      this.#forgetPeers()
      found(epoch, lastId)
    } catch (error) {
      onTrouble(error)
      // It took the command and says nothing: whatever follows on this connection would wait too.
      const isMute = error instanceof Error && error.message === 'Command timed out'
      if (isMute && connections.isUp) connections.commands.disconnect(true)
    }
  }

  #send(redis: Redis) {
    const { connections, node, following, ttlMs, maxBytes, keepMs } = this.#options
    const { epoch = '', runId = '' } = following() ?? {}
    const keys = ['log', 'meta', 'beats', 'nodes'].map((name) => connections.key(name))
    const args = [node, this.#sent, epoch, ttlMs, maxBytes, keepMs, ALIVE_MS, runId]
    return BEAT.run(redis, keys, args)
  }

  #watchWitnesses(): void {
    if (this.#witnesses === undefined) return
    const { nodes, until } = this.#witnesses
    if (nodes.size > 0 && this.#options.monotonicNow() < until) return
    this.#witnesses = undefined
    if (nodes.size > 0) this.#options.onWitnessLost()
  }

  #forgetPeers(): void {
    const alive = new Set(this.peers)
    for (const node of this.#peers.keys()) if (!alive.has(node)) this.#peers.delete(node)
  }
}

type BeatReply = readonly [now: string, epoch: string, lastId: string, nodes: readonly string[]]
