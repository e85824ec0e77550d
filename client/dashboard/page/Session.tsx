// What all panels share beside the connection itself: who speaks, through which network, with what API.

import { createContext, useContext } from 'react'
import type { TabNetwork } from '../network/TabNetwork.js'
import type { Api } from './api.js'

export interface Session {
  readonly api: Api
  readonly network: TabNetwork
  readonly token: string | undefined
  /** `undefined` for nobody in particular. Another one starts the page anew. */
  readonly setToken: (token: string | undefined) => void
}

export const SessionContext = createContext<Session | undefined>(undefined)

export function useSession(): Session {
  const session = useContext(SessionContext)
  if (session === undefined) throw new Error('a panel stands within a SessionContext')
  return session
}
