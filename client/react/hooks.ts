// How components see the connection. All but the state of the connection itself is kept out of
// rendering until a message or a loss concerns the component.

import { useEffect, useMemo, useSyncExternalStore } from 'react'
import type { ConnectionManager } from '../connection/ConnectionManager.js'
import type { MessageFilter, MessageOf } from '../connection/messages.js'
import type { ConnectionEvents, Snapshot } from '../connection/snapshot.js'
import { type UseManagerOptions, useLatest, useManager } from './useManager.js'

/** The snapshot, and the manager's methods, which stay the same functions. */
export type UseConnectionManager = Snapshot &
  Omit<ConnectionManager, 'cursor'> & { readonly manager: ConnectionManager }

export interface UseMessagesOptions<Type extends string = string> extends MessageFilter<Type> {
  /** How many are kept, the newest last. Default 100. */
  readonly limit?: number
}

const NONE: readonly never[] = []

/** Renders anew when the connection's state changes, not with each message. */
export function useConnectionManager(options?: UseManagerOptions): UseConnectionManager {
  const manager = useManager(options)
  const onStatus = useMemo(
    () => (onChange: () => void) => manager.on('status', onChange),
    [manager],
  )
  const snapshot = useSyncExternalStore(onStatus, manager.getSnapshot, manager.getInitialSnapshot)
  return useMemo(() => ({ ...manager, ...snapshot, manager }), [manager, snapshot])
}

/**
 * The messages that came since it was mounted. `topic` is subscribed to while it is. Fetch your
 * state once the status is `connected`: what changes after that comes as a message.
 */
export function useMessages<Type extends string = string>({
  type,
  topic,
  limit = 100,
}: UseMessagesOptions<Type> = {}): readonly MessageOf<Type>[] {
  const manager = useManager()
  const latestLimit = useLatest(limit)
  useEffect(() => {
    if (topic === undefined) return
    const subscribe = () => manager.subscribe([topic])
    subscribe()
    const stop = manager.on('forgotten', subscribe)
    return () => {
      stop()
      manager.unsubscribe([topic])
    }
  }, [manager, topic])
  const [subscribe, getSnapshot] = useMemo(() => {
    let messages: readonly MessageOf<Type>[] = NONE
    const onChange = (tell: () => void) => {
      const stop = manager.on('forgotten', () => {
        messages = NONE
        tell()
      })
      const add = (message: MessageOf<Type>) => {
        messages = [...messages, message].slice(-latestLimit.current || Infinity)
        tell()
      }
      const stopMessages = manager.onMessage<Type>(add, { type, topic })
      return () => {
        stop()
        stopMessages()
      }
    }
    return [onChange, () => messages]
  }, [manager, type, topic, latestLimit])
  return useSyncExternalStore(subscribe, getSnapshot, () => NONE)
}

/** The last message since it was mounted, if there was one. */
export const useLastMessage = <Type extends string = string>(
  filter?: MessageFilter<Type>,
): MessageOf<Type> | undefined => useMessages<Type>({ ...filter, limit: 1 })[0]

/** Calls back once per loss of continuity: refetch there. */
export function useResync(callback: (event: ConnectionEvents['resync']) => void): void {
  const manager = useManager()
  const latest = useLatest(callback)
  useEffect(() => manager.on('resync', (event) => latest.current(event)), [manager, latest])
}
