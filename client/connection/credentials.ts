// Whose token is used, and when another one has to be asked for.

import type { Environment } from './environment.js'
import type { ResolvedOptions } from './options.js'
import { subjectOf } from './subject.js'

/** Fresh tokens that may be refused in a row, before there is no sense in asking for another. */
const MAX_REFUSALS = 2
/**
 * After a fresh one was refused: tokens say in whole seconds when they were issued (`iat`), so that a
 * revocation refuses those of the rest of its second, too.
 */
const NEXT_SECOND_MS = 1000

export function createCredentials(
  options: Pick<ResolvedOptions, 'token' | 'getToken'>,
  { after }: Pick<Environment, 'after'>,
) {
  let { token } = options
  let refusals = 0
  /** It was refused, and another one is to be had. */
  let isStale = false
  let asking: Promise<string | undefined> | undefined

  return {
    token: () => token,

    /** A token has to be asked for before anything is opened. */
    isWanted: () => options.getToken !== undefined && (!token || isStale),

    /** Goes on with this one. Is it another user's: yes, no, or `undefined` where that can't be told? */
    set(another: string | undefined): boolean | undefined {
      const before = subjectOf(token)
      const after = subjectOf(another)
      const isSame = another === token
      token = another
      isStale = false
      if (isSame) return false
      return before && after ? before !== after : undefined
    },

    /** Set by hand: the last one may still be refused on its way. */
    expectRefusal(): void {
      refusals = -1
    },

    accepted(): void {
      refusals = 0
    },

    /** It was refused: whether there is another one, or one to ask for. */
    refused(): boolean {
      refusals += 1
      isStale = refusals <= (options.getToken ? MAX_REFUSALS : 0)
      return isStale
    },

    isAsking: () => asking !== undefined,

    /** Asks `getToken`, once at a time. Where another was set meanwhile, that one is the answer. */
    async ask(): Promise<string | undefined> {
      const before = token
      try {
        asking ??= new Promise<void>((resolve) => {
          if (refusals > 1) after(NEXT_SECOND_MS, resolve)
          else resolve()
        }).then(() => options.getToken?.())
        const answer = await asking
        return token === before ? answer : token
      } finally {
        asking = undefined
      }
    },
  }
}
