// How a transport that streams writes things down. Formats are compared by identity, so each
// transport has exactly one, and bytes made for it are shared by all of its connections.

import type { Entry } from '../brokers/Entry.js'

export interface Format {
  /** One log entry: a message, or a forced resync. Its cursor becomes the client's position. */
  entry(entry: Entry): Buffer
  /** Anything else that the server says. `cursor`: the position it tells, if it tells one. */
  event(name: string, bodyJson: string, cursor?: string): Buffer
}
