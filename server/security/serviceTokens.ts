// Back ends that publish: a name and a secret each, from the settings. What is kept and compared
// here are hashes.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { Principal } from '../../shared/principal.js'

export interface ServiceToken {
  readonly name: string
  readonly secret: string
}

export type FindService = (token: string) => Principal | undefined

/** Takes as long for every token, whichever service it is, or none. */
export function createFindService(tokens: readonly ServiceToken[]): FindService {
  const services = tokens.map(({ name, secret }) => ({ hash: hashOf(secret), name }))
  return (token) => {
    const hash = hashOf(token)
    const [service] = services.filter((each) => timingSafeEqual(each.hash, hash))
    if (service === undefined) return undefined
    return {
      userId: service.name,
      roles: [],
      topics: { subscribe: [], publish: [] },
      isAdmin: false,
      isService: true,
      // Its secret was not issued as a token: the revocation of a user of that name doesn't mean it.
      issuedAt: Number.POSITIVE_INFINITY,
    }
  }
}

const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()
