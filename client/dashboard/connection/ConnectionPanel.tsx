// How this tab is connected, and what to break to see it go on.

import { useState } from 'react'
import { useConnectionManager, useResync } from '../../react/index.js'
import { Panel } from '../page/Panel.js'
import { useSession } from '../page/Session.js'
import { duration } from '../page/text.js'
import { useNow } from '../page/useNow.js'
import { useServer } from '../server/useServerStatus.js'
import { Ladder } from './Ladder.js'
import { Switches } from './Switches.js'
import { Timeline } from './Timeline.js'
import { NAMES } from './transportNames.js'
import './connection.css'

export function ConnectionPanel() {
  const { status, transport, error } = useConnectionManager()
  const { token } = useSession()
  const isTokenMissing = error?.code === 'unauthorized' && token === undefined
  return (
    <Panel title="Connection" className="connection" aside={<Switches />}>
      <p className="unseen" role="status">
        {transport ? `Connected by ${NAMES[transport]}` : status}
      </p>
      <Ladder />
      <Facts />
      {error && (
        <p className="error" data-error={error.code}>
          {isTokenMissing ? 'A token is needed.' : error.message}
        </p>
      )}
      <Timeline />
    </Panel>
  )
}

function Facts() {
  const { status, transport } = useConnectionManager()
  const { roundTripMs } = useServer()
  const resyncs = useResyncs()
  const facts = [
    ['State', status],
    ['Transport', transport ? NAMES[transport] : '–'],
    ['For', useTimeSince(`${status} ${transport}`)],
    ['Round trip', roundTripMs === undefined ? '–' : `${roundTripMs} ms`],
    ['Resyncs', String(resyncs)],
  ]
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name} data-fact={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** How long `state` has been what it is. */
function useTimeSince(state: string): string {
  const now = useNow(1000)
  const [since, setSince] = useState({ state, at: now })
  if (since.state !== state) setSince({ state, at: Date.now() })
  return duration(Math.max(0, now - since.at))
}

function useResyncs(): number {
  const [count, setCount] = useState(0)
  useResync(() => setCount((before) => before + 1))
  return count
}
