// A wire between two programs that knows no protocol: it can be slow, be cut, or go dead without a
// word, in each direction by itself, while connections are open.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { pseudoRandom } from './pseudoRandom.js'
import { resetSocket } from './resetSocket.js'

/** How one direction is. */
export interface Wire {
  readonly delayMs: number
  /** Up to so much more, for each chunk anew; what was sent first still comes first. */
  readonly jitterMs: number
  /** Nothing moves, and nobody is told; when it heals, what was sent arrives. */
  readonly isDead: boolean
}

type Direction = 'there' | 'back'

const CLEAR: Wire = { delayMs: 0, jitterMs: 0, isDead: false }

export class TcpLink {
  readonly #server: Server
  readonly #connections = new Set<Connection>()
  readonly #wires: Record<Direction, Wire> = { there: CLEAR, back: CLEAR }
  readonly #random: () => number
  #upstreamPort: number

  private constructor(upstreamPort: number, seed: number) {
    this.#upstreamPort = upstreamPort
    this.#random = pseudoRandom(seed)
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      const connection: Connection = new Connection(client, this.#upstreamPort, {
        wires: this.#wires,
        random: this.#random,
        onGone: () => this.#connections.delete(connection),
      })
      this.#connections.add(connection)
    })
  }

  static async start(upstreamPort: number, seed = 1): Promise<TcpLink> {
    const link = new TcpLink(upstreamPort, seed)
    link.#server.listen(0, '127.0.0.1')
    await once(link.#server, 'listening')
    return link
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** How many connections are open now. */
  get size(): number {
    return this.#connections.size
  }

  /** From now on, for what has not arrived yet; `there` is from the one who connected. */
  set(wire: Partial<Wire>, directions: readonly Direction[] = ['there', 'back']): void {
    for (const direction of directions) {
      this.#wires[direction] = { ...this.#wires[direction], ...wire }
    }
    for (const connection of this.#connections) connection.carryOn()
  }

  heal(): void {
    this.set(CLEAR)
  }

  /** New connections go there; the others stay where they are. */
  leadTo(port: number): void {
    this.#upstreamPort = port
  }

  /** Resets all connections; new ones are taken. */
  cut(): void {
    for (const connection of this.#connections) connection.reset()
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.cut()
    await closed
  }
}

interface ConnectionOptions {
  readonly wires: Readonly<Record<Direction, Wire>>
  readonly random: () => number
  readonly onGone: () => void
}

class Connection {
  readonly #sockets: readonly Socket[]
  readonly #pipes: readonly Pipe[]
  readonly #onGone: () => void

  constructor(client: Socket, upstreamPort: number, options: ConnectionOptions) {
    const upstream = connect({
      host: '127.0.0.1',
      port: upstreamPort,
      allowHalfOpen: true,
      noDelay: true,
    })
    const { wires, random } = options
    this.#onGone = options.onGone
    this.#sockets = [client, upstream]
    const reset = () => this.reset()
    for (const socket of this.#sockets) {
      socket.on('close', () => {
        if (this.#sockets.every(({ closed }) => closed)) this.#onGone()
      })
    }
    this.#pipes = [
      new Pipe(client, upstream, () => wires.there, random, reset),
      new Pipe(upstream, client, () => wires.back, random, reset),
    ]
  }

  carryOn(): void {
    for (const pipe of this.#pipes) pipe.carryOn()
  }

  reset(): void {
    for (const pipe of this.#pipes) pipe.stop()
    for (const socket of this.#sockets) resetSocket(socket)
    this.#onGone()
  }
}

/** `end` and `reset` travel like bytes: a dead wire hides them, too. */
type Parcel = { readonly dueAt: number } & (
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'end' }
  | { readonly kind: 'reset' }
)

class Pipe {
  readonly #to: Socket
  readonly #wire: () => Wire
  readonly #random: () => number
  readonly #onReset: () => void
  readonly #parcels: Parcel[] = []
  #lastDueAt = 0
  #timer: NodeJS.Timeout | undefined

  constructor(
    from: Socket,
    to: Socket,
    wire: () => Wire,
    random: () => number,
    onReset: () => void,
  ) {
    this.#to = to
    this.#wire = wire
    this.#random = random
    this.#onReset = onReset
    from.on('data', (bytes: Buffer) => this.#send({ kind: 'bytes', bytes }))
    from.on('end', () => this.#send({ kind: 'end' }))
    from.on('error', () => this.#send({ kind: 'reset' }))
  }

  carryOn(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#deliver()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#parcels.length = 0
  }

  #send(
    parcel: Parcel extends infer P ? (P extends Parcel ? Omit<P, 'dueAt'> : never) : never,
  ): void {
    const { delayMs, jitterMs } = this.#wire()
    const dueAt = performance.now() + delayMs + this.#random() * jitterMs
    this.#lastDueAt = Math.max(this.#lastDueAt, dueAt)
    this.#parcels.push({ ...parcel, dueAt: this.#lastDueAt } as Parcel)
    if (this.#timer === undefined) this.#deliver()
  }

  #deliver(): void {
    while (!this.#wire().isDead) {
      const [parcel] = this.#parcels
      if (parcel === undefined) return
      const waitMs = parcel.dueAt - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.carryOn(), waitMs)
        return
      }
      this.#parcels.shift()
      this.#arrive(parcel)
    }
  }

  #arrive(parcel: Parcel): void {
    if (parcel.kind === 'bytes') this.#to.write(parcel.bytes)
    else if (parcel.kind === 'end') this.#to.end()
    else this.#onReset()
  }
}
