// Breaking the network by hand, in this tab alone.

import { useSyncExternalStore } from 'react'
import type { Switch } from '../network/TabNetwork.js'
import { useSession } from '../page/Session.js'

const SWITCHES: readonly { readonly name: Switch; readonly label: string }[] = [
  { name: 'websocket', label: 'Block WebSocket' },
  { name: 'sse', label: 'Block SSE' },
  { name: 'offline', label: 'Offline' },
]

export function Switches() {
  const { network } = useSession()
  const { blocked } = useSyncExternalStore(network.subscribe, network.getSnapshot)
  return (
    <fieldset className="switches">
      <legend className="unseen">Break the network, in this tab alone</legend>
      {SWITCHES.map(({ name, label }) => (
        <button
          key={name}
          type="button"
          role="switch"
          className="switch"
          aria-checked={blocked.has(name)}
          onClick={() => network.block(name, !blocked.has(name))}
        >
          <span className="knob" aria-hidden="true" />
          {label}
        </button>
      ))}
    </fieldset>
  )
}
