// Which connection the hooks of a component use, and how long it is kept: for as long as anything
// that uses it is mounted.

import { createContext, type RefObject, useContext, useEffect, useMemo, useRef } from 'react'
import type { ConnectionManager } from '../connection/ConnectionManager.js'
import {
  getConnectionManager,
  releaseConnectionManager,
  shareConnectionManager,
} from '../connection/getConnectionManager.js'
import type { ConnectionOptions } from '../connection/options.js'

/** What unmounts is often mounted again at once: by StrictMode, by a new key, by the next page. */
const LINGER_MS = 50

export interface UseManagerOptions {
  /** As for `new ConnectionManager()`. Default: the page's own server. */
  readonly config?: ConnectionOptions | undefined
  /** Connect while mounted. Default true; otherwise call `connect()`. */
  readonly autoConnect?: boolean | undefined
}

export const ManagerContext = createContext<ConnectionManager | undefined>(undefined)

/** The provider's connection; without a provider the page's own, which is kept while it is used. */
export const useManager = (options?: UseManagerOptions): ConnectionManager =>
  useShared(options, useContext(ManagerContext))

export function useShared(
  { config = {}, autoConnect = true }: UseManagerOptions = {},
  provided?: ConnectionManager,
): ConnectionManager {
  const { token, getToken, ...options } = config
  const key = JSON.stringify(options)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the options.
  const manager = useMemo(
    () => provided ?? getConnectionManager(hostless(options)),
    [provided, key],
  )
  const given = useRef<readonly [ConnectionManager, string | undefined]>([manager, undefined])
  useEffect(() => {
    if (provided) return
    if (getToken) Object.assign(manager.options, { getToken })
    const [before, last] = given.current
    given.current = [manager, token]
    if (token !== (before === manager ? last : undefined)) manager.setAuthToken(token)
  })
  useEffect(
    () => (provided ? undefined : retain(manager, autoConnect)),
    [manager, autoConnect, provided],
  )
  return manager
}

/** While a server renders there is no page to take addresses from; nothing is opened there. */
const hostless = (options: ConnectionOptions): ConnectionOptions =>
  'location' in globalThis ? options : { baseUrl: 'http://localhost', topics: options.topics ?? [] }

const mounts = new WeakMap<ConnectionManager, number>()

/** Counts a mount; returns what ends it. The last one to go closes the connection. */
function retain(manager: ConnectionManager, autoConnect: boolean): () => void {
  const count = (change: number) => {
    const mounted = (mounts.get(manager) ?? 0) + change
    mounts.set(manager, mounted)
    return mounted
  }
  count(1)
  shareConnectionManager(manager)
  if (autoConnect) manager.connect()
  return () => {
    count(-1)
    setTimeout(() => {
      if (count(0) > 0) return
      manager.disconnect()
      releaseConnectionManager(manager)
    }, LINGER_MS)
  }
}

/** The newest of what callers make anew at each render, for callbacks that outlive it. */
export function useLatest<Value>(value: Value): RefObject<Value> {
  const latest = useRef(value)
  useEffect(() => {
    latest.current = value
  })
  return latest
}
