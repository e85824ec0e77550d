// How this tab is connected, and what to break to see it go on.

import { useEffect, useRef, useState } from 'react'
import { useConnectionManager, useResync } from '../../react/index.js'
import { Panel } from '../page/Panel.js'
import { useSession } from '../page/Session.js'
import { duration } from '../page/text.js'
import { useNow } from '../page/useNow.js'
import { Ladder } from './Ladder.js'
import { Switches } from './Switches.js'
import { Timeline } from './Timeline.js'
import { NAMES } from './transportNames.js'
import './connection.css'

export function ConnectionPanel() {
  const { status, transport, error } = useConnectionManager()
  return (
    <Panel title="Connection" className="connection" aside={<Switches />}>
      <p className="unseen" role="status">
        {transport ? `Connected by ${NAMES[transport]}` : status}
      </p>
      <Ladder />
      <Facts />
      {error && (
        <p className="error" data-error={error.code}>
          {error.message}
        </p>
      )}
      <Timeline />
    </Panel>
  )
}

function Facts() {
  const { status, transport } = useConnectionManager()
  const roundTripMs = useRoundTrip()
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
  const since = useRef({ state, at: now })
  if (since.current.state !== state) since.current = { state, at: Date.now() }
  return duration(Math.max(0, now - since.current.at))
}

const ROUND_TRIP_EVERY_MS = 5000

/** Of one request to the server and back, asked from time to time; `undefined` if it failed. */
function useRoundTrip(): number | undefined {
  const { api } = useSession()
  const { status } = useConnectionManager()
  const [ms, setMs] = useState<number>()
  useEffect(() => {
    let isOver = false
    const tell = (value: number | undefined) => isOver || setMs(value)
    const measure = () => {
      if (document.hidden) return
      const startedAt = performance.now()
      const elapsed = () => tell(Math.max(1, Math.round(performance.now() - startedAt)))
      api.status().then(elapsed, () => tell(undefined))
    }
    if (status === 'connected') measure()
    else setMs(undefined)
    const timer = setInterval(measure, ROUND_TRIP_EVERY_MS)
    return () => {
      isOver = true
      clearInterval(timer)
    }
  }, [api, status])
  return ms
}

function useResyncs(): number {
  const [count, setCount] = useState(0)
  useResync(() => setCount((before) => before + 1))
  return count
}
