// What applications import as `syncline/react`.

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
