// How a connection stands, and what it tells of.

import type { ResyncReason } from '../../shared/message.js'
import type { ConnectionError } from './ConnectionError.js'
import type { TransportName } from './transport.js'

export type Status = 'disconnected' | 'connecting' | 'connected' | 'reconnecting' | 'failed'

/** How things stand. The same object until something in it changes. */
export interface Snapshot {
  readonly status: Status
  readonly isConnected: boolean
  /** What carries the messages now. */
  readonly transport: TransportName | undefined
  /** Who the server says you are, where the transport is told. */
  readonly userId: string | undefined
  /** What is subscribed to. */
  readonly topics: readonly string[]
  /** Those of them that the server doesn't let you read. */
  readonly denied: readonly string[]
  /** How many attempts have failed in a row; 0 once a connection has lasted. */
  readonly attempt: number
  /** Why there is no connection. */
  readonly error: ConnectionError | undefined
}

export interface ConnectionEvents {
  status: Snapshot
  /** Continuity was lost, or a refetch is asked for: fetch your state anew. Once per loss. */
  resync: { readonly reason: ResyncReason }
  /** Another user has signed in: topics and position are gone, and so should be what is shown. */
  forgotten: undefined
  /** What went wrong on the way; the client goes on by itself unless the status is `failed`. */
  error: ConnectionError
}
