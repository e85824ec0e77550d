// What lies between the client and the server: it takes time, and may refuse, swallow, cut or fall
// silent. Hands out the `fetch` and the `WebSocket` of the client.

import type { Environment } from '../../../client/connection/environment.js'
import { FakeLine, type Kind } from './FakeLine.js'
import { FakeRequest } from './FakeRequest.js'
import type { FakeServer } from './FakeServer.js'
import { socketConstructor } from './FakeSocket.js'

/**
 * `refuse`: no connection comes about. `swallow`: it does, and nothing comes back. `portal`:
 * somebody else answers.
 */
export type Fault = 'refuse' | 'swallow' | 'portal'

export class FakeNetwork {
  readonly faults = new Map<Kind, Fault>()
  /** All that there ever were. */
  readonly lines: FakeLine[] = []
  readonly WebSocket: NonNullable<Environment['WebSocket']>
  /** Of each direction. */
  latencyMs = 5
  readonly #server: FakeServer
  readonly #environment: Pick<Environment, 'after' | 'now'>

  constructor(server: FakeServer, environment: Pick<Environment, 'after' | 'now'>) {
    this.#server = server
    this.#environment = environment
    const isRefused = () => ['refuse', 'portal'].includes(this.faults.get('websocket') ?? '')
    this.WebSocket = socketConstructor(server, () => this.#openLine('websocket'), isRefused)
  }

  readonly fetch: typeof fetch = (address, init) => {
    const { pathname: path, searchParams: query } = new URL(String(address))
    const kind = path.endsWith('/stream') ? 'sse' : path.endsWith('/poll') ? 'poll' : 'send'
    const fault = this.faults.get(kind)
    const headers = new Headers(init?.headers)
    const token = (headers.get('authorization') ?? '').replace('Bearer ', '')
    const idempotencyKey = headers.get('idempotency-key') ?? undefined
    const body = typeof init?.body === 'string' ? init.body : ''
    const asked = { path, query, token, idempotencyKey, body }
    const request = new FakeRequest(this.#openLine(kind), init?.signal)
    if (fault === 'refuse') request.refuse()
    else if (fault === 'portal') request.answerFromPortal()
    else if (kind === 'sse') request.stream(this.#server, asked)
    else request.ask(this.#server, asked)
    return request.response
  }

  /** Those that are open, of one kind or of all. */
  open(kind?: Kind): FakeLine[] {
    return this.lines.filter((line) => line.isOpen && (!kind || line.kind === kind))
  }

  opened(kind: Kind): number {
    return this.lines.filter((line) => line.kind === kind).length
  }

  cutAll(): void {
    for (const line of this.open()) line.cut()
  }

  muteAll(): void {
    for (const line of this.open()) line.isMute = true
  }

  /** The server's end is gone: what is on its way to it never arrives. */
  hangUp(): void {
    for (const line of this.lines) line.isMute = true
    this.cutAll()
  }

  #openLine(kind: Kind): FakeLine {
    const isMute = this.faults.get(kind) === 'swallow'
    const line = new FakeLine(kind, isMute, () => this.latencyMs, this.#environment)
    this.lines.push(line)
    return line
  }
}
