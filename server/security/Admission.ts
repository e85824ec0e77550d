// The last door before a socket or stream: a place among those of its user and its address, on this
// node and, where nodes are counted together, on all of them.

import type { Principal } from '../../shared/principal.js'
import { type ConnectionLimits, once, type Release } from './ConnectionLimits.js'
import type { Gate } from './Gate.js'
import type { RedisPlaces } from './RedisPlaces.js'
import type { Validity } from './Validity.js'

interface AdmissionOptions {
  readonly limits: Pick<ConnectionLimits, 'admitUser'>
  readonly places: Pick<RedisPlaces, 'admit'> | undefined
  readonly validity: Pick<Validity, 'assertCurrent'>
  readonly gate: Pick<Gate, 'assertAccepting'>
}

export class Admission {
  readonly #options: AdmissionOptions

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /**
   * For who has its address's place on this node already. `address`: as `addressKey` gives it.
   * Rejects with `unavailable` at a cap, and where principal or server ended meanwhile: from its
   * answer on, a connection can be opened in one turn.
   */
  async admit(principal: Principal, address: string): Promise<Release> {
    const { limits, places, validity, gate } = this.#options
    const { userId } = principal
    let release = limits.admitUser(userId)
    try {
      if (places !== undefined) {
        const [here, there] = [release, await places.admit(userId, address)]
        release = once(() => {
          here()
          there()
        })
      }
      gate.assertAccepting()
      validity.assertCurrent(principal)
      return release
    } catch (error) {
      release()
      throw error
    }
  }
}
