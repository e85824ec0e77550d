// Whether the server verifies no tokens, so that one says who one is.

import { isRefusal, useServer } from './useServerStatus.js'

/** A server that refuses to say how it is verifies tokens. */
export function useOpenMode(): boolean {
  const { samples, fault } = useServer()
  if (fault && isRefusal(fault)) return false
  return samples.at(-1)?.status.openMode ?? true
}
