// In which phase of its life the server is, and what it therefore takes.

import { SyncError } from '../../shared/errors.js'

export type Phase = 'starting' | 'ready' | 'draining' | 'closed'

export class Gate {
  phase: Phase = 'starting'

  get isReady(): boolean {
    return this.phase === 'ready'
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

  /** Throws `unavailable` where not even reading makes sense: the log no longer moves. */
  assertReadable(): void {
    if (this.phase !== 'closed') return
    throw new SyncError('unavailable', 'this server has stopped; try again')
  }
}
