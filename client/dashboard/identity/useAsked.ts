// Whether the server wants a token, or another one than this tab shows, and why.

import { useConnectionManager } from '../../react/index.js'
import { useServer } from '../server/useServerStatus.js'

/** A socket's close code says less than an answer does. */
const BY_CLOSE_CODE = 'it has expired, was revoked, or is not for this server'

/** In the server's own words, where it was asked by `/status`; the connection may know it first. */
export function useAsked(): string | undefined {
  const { fault } = useServer()
  const { status, error } = useConnectionManager()
  if (fault?.status === 401) return fault.message
  return status === 'failed' && error?.code === 'unauthorized' ? BY_CLOSE_CODE : undefined
}
