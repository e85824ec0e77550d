// How the server is: a few numbers now, and three charts of the last five minutes.

import { Panel } from '../page/Panel.js'
import { useSession } from '../page/Session.js'
import { Figure } from './Figure.js'
import { FIGURES } from './figures.js'
import { Tiles } from './Tiles.js'
import { useServerStatus } from './useServerStatus.js'
import './server.css'

export function ServerPanel() {
  const { api } = useSession()
  const { samples, fault } = useServerStatus(api)
  const status = samples.at(-1)?.status
  const isAdmin = status?.log !== undefined
  return (
    <Panel title="Server" className="server">
      {fault !== undefined && (
        <p className="error" role="status">
          {fault}
        </p>
      )}
      {status === undefined && fault === undefined && <p className="dim small">Asking …</p>}
      {status !== undefined && <Tiles status={status} isStale={fault !== undefined} />}
      {status !== undefined && !isAdmin && (
        <p className="dim small">
          Connections, messages and memory are told to admins only, and you are none.
        </p>
      )}
      {isAdmin && (
        <div className="figures">
          {FIGURES.map((figure) => (
            <Figure
              key={figure.title}
              figure={figure}
              samples={samples}
              isStale={fault !== undefined}
            />
          ))}
        </div>
      )}
    </Panel>
  )
}
