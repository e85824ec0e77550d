// What applications import as `syncline/react`.

// Typed payloads are declared for `syncline/client`, which a compiler must have read by then.
export type { Payloads } from '../connection/index.js'
export {
  ConnectionManagerProvider,
  type ConnectionManagerProviderProps,
} from './ConnectionManagerProvider.js'
export {
  type UseConnectionManager,
  type UseMessagesOptions,
  useConnectionManager,
  useLastMessage,
  useMessages,
  useResync,
} from './hooks.js'
export type { UseManagerOptions } from './useManager.js'
