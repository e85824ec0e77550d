// Who this tab speaks as. In open mode one says so; elsewhere a token does, kept in memory only.

import { UserRound } from 'lucide-react'
import { useEffect, useId, useState } from 'react'
import { useConnectionManager } from '../../react/index.js'
import { useSession } from '../page/Session.js'
import { DeveloperForm } from './DeveloperForm.js'
import { TokenForm } from './TokenForm.js'
import './identity.css'

export function WhoAmI() {
  const { token } = useSession()
  const { userId } = useConnectionManager()
  const isOpenMode = useOpenMode()
  const id = useId()
  const name = userId ?? (token === undefined && isOpenMode ? 'anonymous' : 'nobody yet')
  return (
    <div className="identity">
      <button type="button" className="button small" popoverTarget={id} data-figure="user">
        <UserRound size={14} aria-hidden />
        <span className="unseen">Who am I:</span>
        {name}
      </button>
      <div id={id} popover="auto" className="identity-card">
        <h2>Who am I?</h2>
        {isOpenMode ? <DeveloperForm /> : <TokenForm />}
      </div>
    </div>
  )
}

/** A server that asks for a token before it says anything verifies them. */
function useOpenMode(): boolean {
  const { api } = useSession()
  const { status } = useConnectionManager()
  const [isOpenMode, setIsOpenMode] = useState(true)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another state may mean another server.
  useEffect(() => {
    let isOver = false
    api.status().then(
      ({ openMode }) => isOver || setIsOpenMode(openMode),
      ({ status }) => isOver || status === 0 || setIsOpenMode(false),
    )
    return () => {
      isOver = true
    }
  }, [api, status])
  return isOpenMode
}
