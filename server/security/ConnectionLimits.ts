// How many connections this node may have: in all, for one address and for one user. A held poll is a
// connection too. Over a cap the answer is an error at once, never a place in a queue. Whoever opens
// connections and doesn't say who it is keeps nobody out: it makes way.

import { SyncError } from '../../shared/errors.js'
import { type UnprovenPlace, UnprovenPlaces } from './UnprovenPlaces.js'

interface ConnectionLimitsOptions {
  readonly maxConnections: number
  readonly maxPerAddress: number
  readonly maxPerUser: number
}

/** Gives a place back. Calling it twice gives back one. */
export type Release = () => void

/** The place of a connection that has yet to say who it is. */
export interface Provisional {
  release(): void
  /** It has said so: from here on the place is its own. */
  prove(): void
}

export class ConnectionLimits {
  readonly #options: ConnectionLimitsOptions
  readonly #perAddress = new Map<string, number>()
  readonly #perUser = new Map<string, number>()
  readonly #unproven = new UnprovenPlaces()
  #total = 0

  constructor(options: ConnectionLimitsOptions) {
    this.#options = options
  }

  /** A place for a connection from this address. Throws `unavailable`. */
  admitAddress(address: string): Release {
    const { maxConnections, maxPerAddress } = this.#options
    // Of this address first: that may be room enough in all.
    if ((this.#perAddress.get(address) ?? 0) >= maxPerAddress) this.#unproven.makeWay(address)
    if (this.#total >= maxConnections) this.#unproven.makeWay()
    if (this.#total >= maxConnections) throw overCapacity('the server has', maxConnections)
    const who = 'this address has'
    const release = admit(this.#perAddress, address, maxPerAddress, who, this.#onReleased)
    this.#total += 1
    return release
  }

  readonly #onReleased = (): void => {
    this.#total -= 1
  }

  /**
   * As `admitAddress`, for a connection that has yet to say who it is. Until it has, it may be told
   * to `makeWay`, at once: where somebody else needs the place, or such connections have more than
   * half of all places, or of their address's.
   */
  admitUnproven(address: string, makeWay: () => void): Provisional {
    const { maxConnections, maxPerAddress } = this.#options
    if (this.#unproven.sizeOf(address) >= half(maxPerAddress)) this.#unproven.makeWay(address)
    if (this.#unproven.size >= half(maxConnections)) this.#unproven.makeWay()
    return new ProvisionalPlace(this.#unproven, address, this.admitAddress(address), makeWay)
  }

  /** A place for a connection of this user. Throws `unavailable`. */
  admitUser(userId: string): Release {
    return admit(this.#perUser, userId, this.#options.maxPerUser, 'this user has')
  }
}

/** Keeps nothing once it is proven but how to give it back. */
class ProvisionalPlace implements Provisional, UnprovenPlace {
  readonly address: string
  readonly #unproven: UnprovenPlaces
  readonly #release: Release
  #onMakeWay: (() => void) | undefined

  constructor(unproven: UnprovenPlaces, address: string, release: Release, onMakeWay: () => void) {
    this.#unproven = unproven
    this.address = address
    this.#release = release
    this.#onMakeWay = onMakeWay
    unproven.add(this)
  }

  makeWay(): void {
    this.#release()
    this.#onMakeWay?.()
  }

  prove(): void {
    this.#unproven.remove(this)
    this.#onMakeWay = undefined
  }

  release(): void {
    this.prove()
    this.#release()
  }
}

const half = (max: number): number => Math.ceil(max / 2)

/** One closure each, since every connection keeps what this returns. */
function admit(
  counts: Map<string, number>,
  key: string,
  max: number,
  who: string,
  onReleased?: () => void,
): Release {
  const count = counts.get(key) ?? 0
  if (count >= max) throw overCapacity(who, max)
  counts.set(key, count + 1)
  let isReleased = false
  return () => {
    if (isReleased) return
    isReleased = true
    const left = (counts.get(key) ?? 1) - 1
    if (left === 0) counts.delete(key)
    else counts.set(key, left)
    onReleased?.()
  }
}

export function overCapacity(who: string, max: number): SyncError {
  return new SyncError(
    'unavailable',
    `${who} ${max} connections, which is the limit; close some first`,
    {
      retryAfterSeconds: 5,
    },
  )
}

export function once(release: Release): Release {
  let isReleased = false
  return () => {
    if (isReleased) return
    isReleased = true
    release()
  }
}
