// The transports in their order, and what is held against each. Every verdict fades.

import type { Environment } from './environment.js'
import type { Transport, TransportName } from './transport.js'

/** Browsers allow six HTTP/1.1 connections per host: hidden tabs leave them to others. */
const WHILE_HIDDEN: readonly TransportName[] = ['websocket', 'poll']
/** How long what failed is left alone: at first, and at most. */
const VERDICT_MS = 2000
const MAX_VERDICT_MS = 120_000

/** A transport and its place, 0 the best; how often it failed, and until when it is left alone. */
export interface Rung {
  readonly transport: Transport
  readonly place: number
  strikes: number
  until: number
}

export function createRungs(transports: readonly Transport[], environment: Environment) {
  const { now, random, isHidden } = environment
  const rungs: readonly Rung[] = transports.map((transport, place) => {
    return { transport, place, strikes: 0, until: 0 }
  })

  return {
    rungs,

    /** All, or those that a hidden tab may use. */
    permitted(): readonly Rung[] {
      const some = rungs.filter(({ transport }) => WHILE_HIDDEN.includes(transport.name))
      return isHidden() && some.length > 0 ? some : rungs
    },

    isDue: ({ until }: Rung) => until <= now(),

    /** It failed where another succeeded: it is left alone for a while, each time for longer. */
    strike(rung: Rung, retryAfterMs = 0): void {
      const ms = Math.min(MAX_VERDICT_MS, VERDICT_MS * 2 ** rung.strikes) * (0.75 + random() / 2)
      rung.strikes += 1
      rung.until = now() + Math.max(ms, retryAfterMs)
    },
  }
}
