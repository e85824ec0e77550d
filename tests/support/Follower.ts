// A client as an application uses it, with everything that it was told, in order.

import { WebSocket } from 'ws'
import type { ConnectionError } from '../../client/connection/ConnectionError.js'
import { ConnectionManager } from '../../client/connection/ConnectionManager.js'
import type { ConnectionOptions } from '../../client/connection/options.js'
import type { Snapshot } from '../../client/connection/snapshot.js'
import type { Message, ResyncReason } from '../../shared/message.js'
import { noteOpen } from './openClients.js'
import { waitFor } from './waitFor.js'

export const TRANSPORTS = ['websocket', 'sse', 'long-poll', 'poll'] as const

export class Follower {
  readonly manager: ConnectionManager
  readonly messages: Message[] = []
  readonly resyncs: ResyncReason[] = []
  readonly errors: ConnectionError[] = []
  readonly snapshots: Snapshot[] = []

  /** Polls every 100 ms where it polls at all; not started yet. */
  constructor(options: ConnectionOptions) {
    this.manager = new ConnectionManager({ WebSocket, pollingInterval: 100, ...options })
    this.manager.onMessage((message) => this.messages.push(message as Message))
    this.manager.on('resync', ({ reason }) => this.resyncs.push(reason))
    this.manager.on('error', (error) => this.errors.push(error))
    this.manager.on('status', (snapshot) => this.snapshots.push(snapshot))
    noteOpen(() => this.manager.disconnect())
  }

  /** One that has started and is connected. */
  static async start(options: ConnectionOptions): Promise<Follower> {
    const follower = new Follower(options)
    follower.manager.connect()
    await follower.connected()
    return follower
  }

  get snapshot(): Snapshot {
    return this.manager.getSnapshot()
  }

  async connected(withinMs?: number): Promise<void> {
    await this.until('a connection', () => this.snapshot.isConnected, withinMs)
  }

  /** The payloads so far. */
  get payloads(): unknown[] {
    return this.messages.map(({ payload }) => payload)
  }

  /** The numbers that a `NumberedPublisher` gave to what came so far, by topic where one is given. */
  numbers(topic?: string): number[] {
    return this.messages
      .filter(({ type }) => type === 'numbered')
      .filter(({ topics }) => topic === undefined || topics?.includes(topic))
      .map(({ payload }) => (payload as { n: number }).n)
  }

  /** Waits; if that is in vain, says how things stood. */
  async until(what: string, condition: () => boolean, withinMs?: number): Promise<void> {
    try {
      await waitFor(what, condition, withinMs)
    } catch (error) {
      const told = { ...this.snapshot, error: String(this.snapshot.error) }
      throw new Error(`${error}: ${JSON.stringify(told)}, ${this.messages.length} messages`)
    }
  }
}

/** The first number and how many follow it one by one; fails where one is missing or comes again. */
export function requireNoGap(numbers: readonly number[]): void {
  const [first = 0] = numbers
  const wrong = numbers.findIndex((n, index) => n !== first + index)
  if (wrong < 0) return
  throw new Error(`after ${numbers[wrong - 1]} came ${numbers[wrong]}, of ${numbers.length}`)
}
