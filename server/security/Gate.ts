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
  phase: Phase = 'starting'

  constructor(options: GateOptions = {}) {
    this.#options = options
  }

  get isReady(): boolean {
    return this.phase === 'ready' && (this.#options.isDelivering?.() ?? true)
  }

  /** Whether it goes away: nothing is held back any more. */
  get isDraining(): boolean {
    return this.phase === 'draining' || this.phase === 'closed'
  }

  /** Throws `unavailable` where no stream is taken any more. */
  assertAccepting(): void {
    if (this.isDraining) throw stopping()
  }

  /** Throws `unavailable` where no publish is taken any more: to the end, in a log that others share. */
  assertPublishable(): void {
    if (!this.isDraining || (this.phase === 'draining' && this.#options.isLogShared)) return
    throw stopping()
  }

  /** Throws `unavailable` where not even reading makes sense: there is no log, or it no longer moves. */
  assertReadable(): void {
    if (this.phase === 'ready' || this.phase === 'draining') return
    const what = this.phase === 'closed' ? 'has stopped' : 'is starting'
    throw new SyncError('unavailable', `this server ${what}; try again`)
  }
}

const stopping = (): SyncError => new SyncError('unavailable', 'this server is stopping; try again')
