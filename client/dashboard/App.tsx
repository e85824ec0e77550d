// The page: who speaks, the one connection that all panels share, and where they stand.

import { useMemo, useState } from 'react'
import { ConnectionManagerProvider } from '../react/index.js'
import type { TabNetwork } from './network/TabNetwork.js'
import { createApi } from './page/api.js'
import { SessionContext } from './page/Session.js'

export function App({ network }: { readonly network: TabNetwork }) {
  const [token, setToken] = useState<string>()
  const session = useMemo(
    () => ({ api: createApi(network.fetch, token), network, token, setToken }),
    [network, token],
  )
  const { fetch, WebSocket } = network
  return (
    <SessionContext value={session}>
      <ConnectionManagerProvider config={{ fetch, WebSocket, since: '0', token }}>
        <main className="grid"></main>
      </ConnectionManagerProvider>
    </SessionContext>
  )
}
