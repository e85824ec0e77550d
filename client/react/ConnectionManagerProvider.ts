// One connection for all components below.

import { createElement, type ReactElement, type ReactNode, useEffect, useRef } from 'react'
import type { ConnectionError } from '../connection/ConnectionError.js'
import type { Snapshot } from '../connection/snapshot.js'
import { ManagerContext, type UseManagerOptions, useLatest, useShared } from './useManager.js'

export interface ConnectionManagerProviderProps extends UseManagerOptions {
  /** Each time a connection stands. */
  readonly onConnected?: ((snapshot: Snapshot) => void) | undefined
  readonly onError?: ((error: ConnectionError) => void) | undefined
  readonly children?: ReactNode
}

/**
 * Provides the page's connection to `config.baseUrl`, and keeps it while mounted: StrictMode and
 * remounts leave it open. A new `config.token` is passed on as by `setAuthToken`; other options
 * can't change while it is in use.
 */
export function ConnectionManagerProvider(props: ConnectionManagerProviderProps): ReactElement {
  const { children } = props
  const latest = useLatest(props)
  const wasConnected = useRef(false)
  const manager = useShared(props)
  useEffect(() => {
    const stopError = manager.on('error', (error) => latest.current.onError?.(error))
    const tell = (snapshot: Snapshot) => {
      if (snapshot.isConnected && !wasConnected.current) latest.current.onConnected?.(snapshot)
      wasConnected.current = snapshot.isConnected
    }
    const stopStatus = manager.on('status', tell)
    tell(manager.getSnapshot())
    return () => {
      stopError()
      stopStatus()
    }
  }, [manager, latest])
  return createElement(ManagerContext.Provider, { value: manager }, children)
}
