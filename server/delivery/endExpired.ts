// Ends the connections whose principal no longer counts: its token has expired, or was revoked.

import type { Principal } from '../../shared/principal.js'
import type { ConnectionHub } from './ConnectionHub.js'

/** Says how many there were. */
export function endExpired(
  hub: ConnectionHub,
  isCurrent: (principal: Principal) => boolean,
): number {
  const expired = [...hub.connections].filter(({ principal }) => !isCurrent(principal))
  for (const connection of expired) {
    // From here on nothing is for it, however long its end takes.
    hub.remove(connection)
    hub.guard(connection, () => connection.expire())
  }
  return expired.length
}
