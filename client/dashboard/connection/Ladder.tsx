// The ladder as it stands: four wires between this tab and the log, and which of them carries.

import { useSyncExternalStore } from 'react'
import type { TransportName } from '../../connection/index.js'
import { useConnectionManager } from '../../react/index.js'
import type { NetworkSnapshot } from '../network/TabNetwork.js'
import { useSession } from '../page/Session.js'
import { NAMES } from './transportNames.js'

export function Ladder() {
  const { network } = useSession()
  const { transport, options } = useConnectionManager()
  const snapshot = useSyncExternalStore(network.subscribe, network.getSnapshot)
  return (
    <div className="ladder">
      <span className="ladder-end">this tab</span>
      <ul aria-label="Transports, best first">
        {options.transports.map((name) => (
          <Rung
            key={name}
            name={name}
            isInUse={name === transport}
            isBlocked={isBlocked(name, snapshot)}
            tries={triesOf(name, snapshot)}
          />
        ))}
      </ul>
      <span className="ladder-end">the log</span>
    </div>
  )
}

interface RungProps {
  readonly name: TransportName
  readonly isInUse: boolean
  readonly isBlocked: boolean
  readonly tries: number
}

function Rung({ name, isInUse, isBlocked, tries }: RungProps) {
  const state = isInUse ? 'carries' : isBlocked ? 'blocked' : 'stands by'
  return (
    <li className={`rung ${name}`} data-transport={name} data-state={state}>
      <span className="rung-name">{NAMES[name]}</span>
      <span className="wire" aria-hidden="true">
        {/* A new key for each try plays the flash once more. */}
        {!isInUse && tries > 0 && <span key={tries} className="try" />}
      </span>
      <span className="rung-state">{state}</span>
    </li>
  )
}

function isBlocked(name: TransportName, { blocked }: NetworkSnapshot): boolean {
  if (blocked.has('offline')) return true
  return (name === 'websocket' || name === 'sse') && blocked.has(name)
}

function triesOf(name: TransportName, { tries }: NetworkSnapshot): number {
  return name === 'websocket' || name === 'sse' ? tries[name] : 0
}
