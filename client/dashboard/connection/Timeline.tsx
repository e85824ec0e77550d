// Messages per second over the last minute, in the colour of what carried them: one sees a
// hand-over, and that nothing stops.

import { useEffect, useState } from 'react'
import { useConnectionManager } from '../../react/index.js'
import { SECONDS, type Second, Traffic } from './Traffic.js'

const REFRESH_MS = 250
const CATCHUP_MS = 1000
/** So that one message isn't a bar as high as the drawing. */
const LEAST_TOP = 5

export function Timeline() {
  const seconds = useTraffic()
  const top = Math.max(LEAST_TOP, ...seconds.map(({ count }) => count))
  const lastWhole = seconds.at(-2)?.count ?? 0
  return (
    <figure className="timeline">
      <svg viewBox={`0 0 ${SECONDS * 10} 100`} preserveAspectRatio="none" aria-hidden="true">
        {seconds.map((second, index) => (
          <Bar key={second.at} second={second} x={index * 10} top={top} />
        ))}
      </svg>
      <figcaption className="row small dim">
        <span>messages per second, last minute</span>
        <span className="timeline-now">
          {lastWhole}/s, at most {Math.max(0, ...seconds.map(({ count }) => count))}
        </span>
      </figcaption>
    </figure>
  )
}

function Bar({
  second: { count, transport },
  x,
  top,
}: {
  readonly second: Second
  readonly x: number
  readonly top: number
}) {
  const height = Math.round((count / top) * 92)
  const name = transport ?? 'none'
  return (
    <g className={`bar ${name}`}>
      <rect x={x + 1} y={92 - height} width={8} height={height} rx={1.5} />
      <rect x={x} y={95} width={10} height={5} />
    </g>
  )
}

function useTraffic(): readonly Second[] {
  const { manager } = useConnectionManager()
  const [traffic] = useState(() => new Traffic())
  const [seconds, setSeconds] = useState<readonly Second[]>([])
  useEffect(() => {
    const note = (count: number) => traffic.note(count, manager.getSnapshot().transport, Date.now())
    const refresh = () => {
      note(0)
      if (!document.hidden) setSeconds(traffic.seconds)
    }
    const timer = setInterval(refresh, REFRESH_MS)
    let firstAt: number | undefined
    const stop = manager.onMessage(() => {
      firstAt ??= performance.now()
      // What the log held before the page was opened comes at once, and is no traffic of now.
      if (performance.now() - firstAt > CATCHUP_MS) note(1)
    })
    return () => {
      clearInterval(timer)
      stop()
    }
  }, [manager, traffic])
  return seconds
}
