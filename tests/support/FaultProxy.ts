// A network that misbehaves on demand: a TCP proxy to one port of this machine, with a fault that
// can be changed while connections are open.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { type Fault, NO_FAULT } from './faults.js'
import { ProxiedConnection } from './ProxiedConnection.js'
import { pseudoRandom } from './pseudoRandom.js'
import { resetSocket } from './resetSocket.js'

const MAX_CONNECTIONS = 500

interface FaultProxyOptions {
  readonly fault?: Fault
  /** Decides when connections are reset. */
  readonly seed?: number
}

export class FaultProxy {
  /** How many connections clients have opened so far. */
  opened = 0
  readonly #server: Server
  readonly #upstreamPort: number
  readonly #random: () => number
  readonly #connections = new Set<ProxiedConnection>()
  #fault: Fault

  private constructor(upstreamPort: number, { fault = NO_FAULT, seed = 1 }: FaultProxyOptions) {
    this.#upstreamPort = upstreamPort
    this.#fault = fault
    this.#random = pseudoRandom(seed)
    // Half-closed connections stay so: who ends first is what some faults are about.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#accept(socket)
    })
  }

  static async start(upstreamPort: number, options: FaultProxyOptions = {}): Promise<FaultProxy> {
    const proxy = new FaultProxy(upstreamPort, options)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get fault(): Fault {
    return this.#fault
  }

  /**
   * Also for the connections that are open, except that what a head decided stays decided: a
   * WebSocket whose frames are swallowed is lost for good, and a stream that is held stays held.
   */
  set fault(fault: Fault) {
    this.#fault = fault
    for (const connection of this.#connections) connection.suffer(fault)
  }

  lift(): void {
    this.fault = NO_FAULT
  }

  /** How many connections are open now. */
  get size(): number {
    return this.#connections.size
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const connection of this.#connections) connection.destroy()
    await closed
  }

  #accept(socket: Socket): void {
    this.opened += 1
    if (this.#fault.kind === 'refuse' || this.#connections.size >= MAX_CONNECTIONS) {
      resetSocket(socket)
      return
    }
    const connection: ProxiedConnection = new ProxiedConnection({
      client: socket,
      upstreamPort: this.#upstreamPort,
      fault: this.#fault,
      random: this.#random,
      onGone: () => this.#connections.delete(connection),
    })
    this.#connections.add(connection)
  }
}
