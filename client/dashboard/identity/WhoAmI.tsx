// Who this tab speaks as. In open mode one says so; elsewhere a token does, kept in memory only.

import { UserRound } from 'lucide-react'
import { useId } from 'react'
import { useConnectionManager } from '../../react/index.js'
import { useSession } from '../page/Session.js'
import { useOpenMode } from '../server/useOpenMode.js'
import { DeveloperForm } from './DeveloperForm.js'
import { TokenForm } from './TokenForm.js'
import { useAsked } from './useAsked.js'
import { useCard } from './useCard.js'
import './identity.css'

export function WhoAmI() {
  const { token } = useSession()
  const { userId } = useConnectionManager()
  const isOpenMode = useOpenMode()
  const id = useId()
  const asked = useAsked()
  const { ref, close } = useCard(asked !== undefined)
  // Polling doesn't tell who one is; in open mode the token says it.
  const name = userId ?? (isOpenMode ? (token?.split(':')[1] ?? 'anonymous') : 'nobody yet')
  return (
    <div className="identity">
      <button
        type="button"
        className="button small"
        popoverTarget={id}
        data-figure="user"
        data-is-asked={asked !== undefined}
      >
        <UserRound size={14} aria-hidden />
        <span className="unseen">Who am I:</span>
        {name}
      </button>
      <div ref={ref} id={id} popover="auto" className="identity-card">
        <h2>Who am I?</h2>
        {isOpenMode ? <DeveloperForm onDone={close} /> : <TokenForm asked={asked} onDone={close} />}
      </div>
    </div>
  )
}
