// In which phase of its life the server is, and what it therefore takes. It starts with the first
// log that it has.

import { SyncError } from '../../shared/errors.js'

export type Phase = 'starting' | 'ready' | 'draining' | 'closed'

export class Gate {
  readonly #isDelivering: () => boolean
  phase: Phase = 'starting'

  /** `isDelivering`: whether what is published reaches this node. */
  constructor(isDelivering: () => boolean = () => true) {
    this.#isDelivering = isDelivering
  }

  get isReady(): boolean {
    return this.phase === 'ready' && this.#isDelivering()
  }

  /** Whether it goes away: nothing is held back any more. */
  get isDraining(): boolean {
    return this.phase === 'draining' || this.phase === 'closed'
  }

  /** Throws `unavailable` where nothing new is taken any more: no publish, no stream. */
  assertAccepting(): void {
    if (!this.isDraining) return
    throw new SyncError('unavailable', 'this server is stopping; try again')
  }

  /** Throws `unavailable` where not even reading makes sense: there is no log, or it no longer moves. */
  assertReadable(): void {
    if (this.phase === 'ready' || this.phase === 'draining') return
    const what = this.phase === 'closed' ? 'has stopped' : 'is starting'
    throw new SyncError('unavailable', `this server ${what}; try again`)
  }
}
