// The page: who speaks, the one connection that all panels share, and where they stand.

import { useEffect, useMemo, useState } from 'react'
import { ConnectionManagerProvider, useConnectionManager } from '../react/index.js'
import { ComposePanel } from './compose/ComposePanel.js'
import { ConnectionPanel } from './connection/ConnectionPanel.js'
import { FeedPanel } from './feed/FeedPanel.js'
import { Header } from './Header.js'
import { LoadPanel } from './load/LoadPanel.js'
import type { TabNetwork } from './network/TabNetwork.js'
import { createApi } from './page/api.js'
import { SessionContext, useSession } from './page/Session.js'
import { ProofPanel } from './proof/ProofPanel.js'
import { ServerPanel } from './server/ServerPanel.js'
import { ServerHistoryContext, useServerStatus } from './server/useServerStatus.js'
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
        <Page />
      </ConnectionManagerProvider>
    </SessionContext>
  )
}

function Page() {
  const { api } = useSession()
  return (
    <ServerHistoryContext value={useServerStatus(api)}>
      <Header />
      <Panels />
    </ServerHistoryContext>
  )
}

/** Made anew for another user: nothing that the one before saw or began stays. */
function Panels() {
  const { manager } = useConnectionManager()
  const [principal, setPrincipal] = useState(0)
  useEffect(() => manager.on('forgotten', () => setPrincipal((before) => before + 1)), [manager])
  return (
    <main key={principal} className="grid">
      <ConnectionPanel />
      <ProofPanel />
      <LoadPanel />
      <FeedPanel />
      <TopicsPanel />
      <ComposePanel />
      <ServerPanel />
    </main>
  )
}
