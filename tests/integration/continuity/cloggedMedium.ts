// Sockets that say "full" at random. On loopback a real one takes megabytes first, so this is how
// connections fall behind and read the log by themselves within a test's time.

import type { Connection } from '../../../server/delivery/Connection.js'
import { ConnectionHub } from '../../../server/delivery/ConnectionHub.js'
import { pseudoRandom } from '../../support/pseudoRandom.js'

interface Medium {
  write(bytes: Buffer): boolean
  drained(): void
}

/** One write in `oneIn` is told to be the last for a while. Returns what ends it. */
export function clogMedia(oneIn: number, seed: number): () => void {
  const { prototype } = ConnectionHub
  const { add } = prototype
  const random = pseudoRandom(seed)
  prototype.add = function (this: ConnectionHub, connection: Connection) {
    if (connection.transport !== 'longPoll') clog(connection as unknown as Medium, oneIn, random)
    add.call(this, connection)
  }
  return () => {
    prototype.add = add
  }
}

function clog(medium: Medium, oneIn: number, random: () => number): void {
  const write = medium.write.bind(medium)
  medium.write = (bytes) => {
    const hasRoom = write(bytes)
    if (!hasRoom || random() * oneIn >= 1) return hasRoom
    setTimeout(() => medium.drained(), random() * 25)
    return false
  }
}
