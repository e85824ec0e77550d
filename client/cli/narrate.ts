// Tells on standard error how a connection fares: each change once, in words.

import type { ConnectionManager, ResyncReason, Snapshot } from '../connection/index.js'
import { harmless, remark } from './screen.js'

const RESYNCS: Readonly<Record<ResyncReason, string>> = {
  expired: 'something was missed: it is older than what the server keeps',
  evicted: 'something was missed: there was more than the server keeps',
  epoch: "the server's log began anew: something may have been missed",
  lagged: 'something was missed: it was read too slowly',
  forced: 'somebody asked all readers to fetch their state anew',
}

export function narrate(connection: ConnectionManager): void {
  let last: Snapshot | undefined
  connection.on('status', (snapshot) => {
    const line = describe(snapshot, last)
    last = snapshot
    if (line !== undefined) remark(harmless(line))
    sayDenied(snapshot)
  })
  connection.on('resync', ({ reason }) => {
    remark(`resync: ${harmless(reason)} – ${RESYNCS[reason] ?? 'something was missed'}`)
  })

  let denied = ''
  function sayDenied(snapshot: Snapshot): void {
    const names = snapshot.denied.join(', ')
    if (names !== denied && names !== '') remark(harmless(`denied: you may not read ${names}`))
    denied = names
  }
}

function describe(now: Snapshot, before: Snapshot | undefined): string | undefined {
  const { status, transport, userId, error } = now
  if (status === 'connected') {
    if (before?.status !== 'connected') {
      return `connected by ${transport}${userId === undefined ? '' : ` as ${userId}`}`
    }
    return before.transport === transport ? undefined : `over to ${transport}`
  }
  if (status === 'reconnecting' && before?.status === 'connected') {
    return `connection lost (${error?.message ?? 'unknown why'}), trying again`
  }
  return undefined
}
