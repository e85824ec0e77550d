// The whole client in virtual time, with a server and a network of its own, and a note of all that
// the application was told.

import type { ConnectionError } from '../../../client/connection/ConnectionError.js'
import { ConnectionManager } from '../../../client/connection/ConnectionManager.js'
import type { ConnectionOptions } from '../../../client/connection/options.js'
import type { Snapshot } from '../../../client/connection/snapshot.js'
// Loaded here, so that loading it takes no time later on.
import '../../../client/connection/onDemand.js'
import type { Message } from '../../../shared/message.js'
import { FakeNetwork } from './FakeNetwork.js'
import { FakeServer } from './FakeServer.js'
import { VirtualEnvironment } from './VirtualEnvironment.js'

type Told =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'resync'; readonly reason: string }

export class ClientScene {
  readonly environment: VirtualEnvironment
  readonly server: FakeServer
  readonly network: FakeNetwork
  readonly manager: ConnectionManager
  /** Messages and resyncs, in order. */
  readonly told: Told[] = []
  readonly errors: ConnectionError[] = []
  readonly snapshots: Snapshot[] = []

  constructor(options: ConnectionOptions = {}, seed = 1) {
    this.environment = new VirtualEnvironment(seed)
    this.server = new FakeServer(this.environment)
    this.network = new FakeNetwork(this.server, this.environment)
    const { now, random, after, isHidden, watch } = this.environment
    const { fetch, WebSocket } = this.network
    const surroundings = { now, random, after, isHidden, watch, fetch, WebSocket }
    const all = { baseUrl: 'http://sync.test', ...options }
    this.manager = new ConnectionManager(all, surroundings)
    this.manager.onMessage((message) => this.told.push({ kind: 'message', message }))
    this.manager.on('resync', ({ reason }) => this.told.push({ kind: 'resync', reason }))
    this.manager.on('error', (error) => this.errors.push(error))
    this.manager.on('status', (snapshot) => this.snapshots.push(snapshot))
  }

  get transport(): string | undefined {
    return this.manager.getSnapshot().transport
  }

  get status(): string {
    return this.manager.getSnapshot().status
  }

  /** The payloads of what came. */
  get payloads(): unknown[] {
    return this.told.flatMap((each) => (each.kind === 'message' ? [each.message.payload] : []))
  }

  /** The reasons of the resyncs that were told. */
  get resyncs(): string[] {
    return this.told.flatMap((each) => (each.kind === 'resync' ? [each.reason] : []))
  }

  advance(ms: number): Promise<void> {
    return this.environment.advance(ms)
  }

  async connect(): Promise<void> {
    this.manager.connect()
    await this.advance(100)
  }

  /** A process that keeps its log in memory ends, and another begins. */
  restart(): void {
    this.server.beginAnew()
    this.network.hangUp()
  }
}
