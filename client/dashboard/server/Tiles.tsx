// The server in a few numbers.

import type { ReactNode } from 'react'
import type { ServerStatus } from '../page/api.js'
import { count, duration } from '../page/text.js'
import { bytes } from './quantities.js'

interface TilesProps {
  readonly status: ServerStatus
  /** Whether the newest answer is missing, so that nobody knows how it is now. */
  readonly isStale: boolean
}

export function Tiles({ status, isStale }: TilesProps) {
  const { log, memoryBytes, nodes } = status
  return (
    <dl className="tiles" data-stale={isStale}>
      <Tile name="State">
        <span className="state" data-state={isStale ? 'unknown' : status.status}>
          {isStale ? 'no answer' : status.status}
        </span>
      </Tile>
      <Tile name="Uptime">{duration(status.uptimeMs)}</Tile>
      {memoryBytes !== undefined && <Tile name="Memory">{bytes(memoryBytes)}</Tile>}
      {nodes !== undefined && <Tile name="Nodes">{count(nodes)}</Tile>}
      {log && <Tile name="Kept messages">{count(log.messages)}</Tile>}
      {log && (
        <Tile name="Log">
          {bytes(log.bytes)} <span className="dim small">of {bytes(log.maxBytes)}</span>
          <meter aria-label="Log, of its bound" min={0} max={log.maxBytes} value={log.bytes}>
            {bytes(log.bytes)} of {bytes(log.maxBytes)}
          </meter>
        </Tile>
      )}
    </dl>
  )
}

function Tile({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
