// How many connections there may be: in all, for one address and for one user. A held poll is a
// connection too. Over a cap the answer is an error at once, never a place in a queue.

import { SyncError } from '../../shared/errors.js'

interface ConnectionLimitsOptions {
  readonly maxConnections: number
  readonly maxPerAddress: number
  readonly maxPerUser: number
}

/** Gives a place back. Calling it twice gives back one. */
export type Release = () => void

export class ConnectionLimits {
  readonly #options: ConnectionLimitsOptions
  readonly #perAddress = new Map<string, number>()
  readonly #perUser = new Map<string, number>()
  #total = 0

  constructor(options: ConnectionLimitsOptions) {
    this.#options = options
  }

  /** A place for a connection from this address. Throws `unavailable`. */
  admitAddress(address: string): Release {
    const { maxConnections, maxPerAddress } = this.#options
    if (this.#total >= maxConnections) throw overCapacity('the server has', maxConnections)
    const release = admit(this.#perAddress, address, maxPerAddress, 'this address has')
    this.#total += 1
    return once(() => {
      this.#total -= 1
      release()
    })
  }

  /** A place for a connection of this user. Throws `unavailable`. */
  admitUser(userId: string): Release {
    return once(admit(this.#perUser, userId, this.#options.maxPerUser, 'this user has'))
  }
}

function admit(counts: Map<string, number>, key: string, max: number, who: string): Release {
  const count = counts.get(key) ?? 0
  if (count >= max) throw overCapacity(who, max)
  counts.set(key, count + 1)
  return () => {
    const left = (counts.get(key) ?? 1) - 1
    if (left === 0) counts.delete(key)
    else counts.set(key, left)
  }
}

function overCapacity(who: string, max: number): SyncError {
  return new SyncError(
    'unavailable',
    `${who} ${max} connections, which is the limit; close some first`,
    {
      retryAfterSeconds: 5,
    },
  )
}

function once(release: Release): Release {
  let isReleased = false
  return () => {
    if (isReleased) return
    isReleased = true
    release()
  }
}
