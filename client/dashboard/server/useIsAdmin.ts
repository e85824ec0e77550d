// Whether this tab speaks as an admin: the server tells its details to nobody else.

import { useServer } from './useServerStatus.js'

/** `false` until the server has said so. */
export function useIsAdmin(): boolean {
  const { samples } = useServer()
  return samples.at(-1)?.status.connections !== undefined
}
