// Watches the link that carries from outside: has it gone silent, was the machine asleep? It never
// opens or closes anything itself, it only says what it saw.

import type { Environment } from './environment.js'

/** After the machine woke or the network changed, an answer is due within this time. */
const PROBE_MS = 3000
/** A timer this late was held up by sleep or by a frozen tab. */
const LATE_MS = 5000

interface Watched {
  /** Asks the server for a sign of life; `false` where the link has no way to. */
  ping(): boolean
  /** Puts a new link in the place of the one that may be dead. */
  replace(): void
  /** The link is dead. */
  abandon(): void
}

export type Monitor = ReturnType<typeof createMonitor>

export function createMonitor({ now, after }: Environment, watched: Watched) {
  let isWatching = false
  let heartbeatMs = Infinity
  let heardAt = 0
  let cancelTimer = () => {}

  function at(ms: number, act: () => void): void {
    cancelTimer()
    const dueAt = now() + ms
    cancelTimer = after(ms, () => {
      if (now() - dueAt < LATE_MS) act()
      // One that can't be asked is replaced, which costs no message.
      else if (!ask()) watched.replace()
    })
  }

  /** Is the link still alive? Says whether it could be asked. */
  function ask(): boolean {
    const canAsk = isWatching && watched.ping()
    if (canAsk) awaitSign(PROBE_MS, watched.replace)
    return canAsk
  }

  function awaitSign(ms: number, otherwise: () => void): void {
    const askedAt = now()
    at(ms, () => {
      if (heardAt < askedAt) otherwise()
      awaitSilence()
    })
  }

  function awaitSilence(): void {
    if (!isWatching || heartbeatMs === Infinity) return
    const silentMs = now() - heardAt
    if (silentMs < heartbeatMs) return at(heartbeatMs - silentMs, awaitSilence)
    // One more heartbeat from here, not from the last sign: this timer may itself be late.
    watched.ping()
    awaitSign(heartbeatMs, watched.abandon)
  }

  function lost(): void {
    isWatching = false
    cancelTimer()
  }

  return {
    ask,

    heard(): void {
      heardAt = now()
    },

    /** A new link carries; `ms` is its longest healthy silence, if it has one. */
    carried(ms = Infinity): void {
      isWatching = true
      heartbeatMs = ms
      heardAt = now()
      awaitSilence()
    },

    /** Nothing carries any more. */
    lost,
  }
}
