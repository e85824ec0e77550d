// Tokens of two kinds, one that says whose it is and one that doesn't, and who the server believes
// them to be.

import type { PrincipalInput } from '../../server/createSyncServer.js'

/** Unsigned: what it says of itself is all that a client may look at. */
export const jwt = (sub: string, n: number): string =>
  ['{}', JSON.stringify({ sub, n }), 'x'].map((part) => btoa(part)).join('.')

export const TOKEN_KINDS = {
  'a JWT': jwt,
  'an opaque token': (user: string, n: number) => `opaque-${user.length}${user.charCodeAt(0)}-${n}`,
}
export const TOKEN_KIND_NAMES = Object.keys(TOKEN_KINDS) as (keyof typeof TOKEN_KINDS)[]

export interface TokenBook {
  /** Who each good token stands for. */
  readonly good: Map<string | undefined, string>
  /** Every one of them may do everything. */
  readonly authenticate: (request: { token: string | undefined }) => PrincipalInput | null
}

export function createTokenBook(): TokenBook {
  const good = new Map<string | undefined, string>()
  return {
    good,
    authenticate({ token }) {
      const userId = good.get(token)
      if (userId === undefined) return null
      return { userId, roles: ['admin'], topics: { subscribe: ['*'], publish: ['*'] } }
    },
  }
}
