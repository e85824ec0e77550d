// The page: who speaks, the one connection that all panels share, and where they stand.

import { useMemo, useState } from 'react'
import { ConnectionManagerProvider } from '../react/index.js'
import { ComposePanel } from './compose/ComposePanel.js'
import { ConnectionPanel } from './connection/ConnectionPanel.js'
import { FeedPanel } from './feed/FeedPanel.js'
import { LoadPanel } from './load/LoadPanel.js'
import type { TabNetwork } from './network/TabNetwork.js'
import { createApi } from './page/api.js'
import { Header } from './page/Header.js'
import { SessionContext } from './page/Session.js'
import { ProofPanel } from './proof/ProofPanel.js'
import { ServerPanel } from './server/ServerPanel.js'
import { TopicsPanel } from './topics/TopicsPanel.js'

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
        <Header />
        <main className="grid">
          <ConnectionPanel />
          <ProofPanel />
          <LoadPanel />
          <FeedPanel />
          <TopicsPanel />
          <ComposePanel />
          <ServerPanel />
        </main>
      </ConnectionManagerProvider>
    </SessionContext>
  )
}
