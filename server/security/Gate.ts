// In which phase of its life the server is, and what it therefore takes. It starts with the first
// log that it has.

import { SyncError } from '../../shared/errors.js'

export type Phase = 'starting' | 'ready' | 'draining' | 'closed'

interface GateOptions {
  /** Whether what is published reaches this node. Default: always. */
  readonly isDelivering?: () => boolean
  /** Whether the log outlives this node. Default: false. */
  readonly isLogShared?: boolean
}

export class Gate {
  readonly #options: GateOptions
  #hasLog = false
  phase: Phase = 'starting'

  constructor(options: GateOptions = {}) {
    this.#options = options
  }

  /** There is a log: the first one, or another. */
  logBegan(): void {
    this.#hasLog = true
    if (this.phase === 'starting') this.phase = 'ready'
  }

  get isReady(): boolean {
    return this.phase === 'ready' && (this.#options.isDelivering?.() ?? true)
  }

  /** Whether it goes away: nothing is held back any more. */
  get isDraining(): boolean {
    return this.phase === 'draining' || this.phase === 'closed'
  }

  /** Throws `unavailable` where no stream is taken: not any more, or there is no log to stream. */
  assertAccepting(): void {
    if (this.isDraining) throw stopping()
    this.assertReadable()
  }

  /** Throws `unavailable` where no publish is taken any more: to the end, in a log that others share. */
  assertPublishable(): void {
    if (!this.isDraining || (this.phase === 'draining' && this.#options.isLogShared)) return
    throw stopping()
  }

  /** Throws `unavailable` where not even reading makes sense: there is no log, or it no longer moves. */
  assertReadable(): void {
    if (this.#hasLog && this.phase !== 'closed') return
    throw this.isDraining ? stopping() : starting()
  }
}

const starting = (): SyncError => new SyncError('unavailable', 'this server is starting; try again')
const stopping = (): SyncError => new SyncError('unavailable', 'this server is stopping; try again')
