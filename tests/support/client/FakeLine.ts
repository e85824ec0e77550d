// One connection between the client and the server: each direction takes time and keeps its order.

import type { Environment } from '../../../client/connection/environment.js'

/** What is asked for, as far as something in between can tell. */
export type Kind = 'websocket' | 'sse' | 'poll' | 'send'

export class FakeLine {
  readonly kind: Kind
  readonly openedAt: number
  closedAt = Infinity
  /** Nothing arrives any more, in either direction, and nobody is told. */
  isMute: boolean
  /** What the client is told when the line is cut. */
  onCut = () => {}
  /** What the server is told when the client has left. */
  onLeft = () => {}
  readonly #environment: Pick<Environment, 'after' | 'now'>
  readonly #latencyMs: () => number
  #isCut = false
  #upAt = 0
  #downAt = 0

  constructor(
    kind: Kind,
    isMute: boolean,
    latencyMs: () => number,
    environment: Pick<Environment, 'after' | 'now'>,
  ) {
    this.kind = kind
    this.isMute = isMute
    this.openedAt = environment.now()
    this.#latencyMs = latencyMs
    this.#environment = environment
  }

  get isOpen(): boolean {
    return this.closedAt === Infinity
  }

  /** To the server: also what was on its way when the line was cut. */
  up(arrive: () => void): void {
    const { now, after } = this.#environment
    this.#upAt = Math.max(this.#upAt, now() + this.#latencyMs())
    after(this.#upAt - now(), () => {
      if (!this.isMute) arrive()
    })
  }

  /** To the client. */
  down(arrive: () => void): void {
    const { now, after } = this.#environment
    this.#downAt = Math.max(this.#downAt, now() + this.#latencyMs())
    after(this.#downAt - now(), () => {
      if (!this.isMute && !this.#isCut) arrive()
    })
  }

  /** The client has closed it: what is on its way to him still arrives. */
  close(): void {
    this.closedAt = Math.min(this.closedAt, this.#environment.now())
    this.#environment.after(this.#latencyMs(), () => this.onLeft())
  }

  /** The client learns of it at once, the server a little later. */
  cut(): void {
    if (this.#isCut) return
    this.#isCut = true
    const wasOpen = this.isOpen
    this.close()
    if (wasOpen) this.onCut()
  }
}
