// What applications import as `syncline/client`.

export type { Message, ResyncReason } from '../../shared/message.js'
export { ConnectionError } from './ConnectionError.js'
export { ConnectionManager } from './ConnectionManager.js'
export type { Environment, SocketConstructor, SocketLike } from './environment.js'
export { getConnectionManager } from './getConnectionManager.js'
export type { Draft, MessageFilter, MessageOf, PayloadOf, Payloads, Sent } from './messages.js'
export type { ConnectionOptions, ResolvedOptions } from './options.js'
export type { ConnectionEvents, Snapshot, Status } from './snapshot.js'
export type { TransportName } from './transport.js'
