// How the server is: a few numbers now, and three charts of the last five minutes.

import type { ApiError } from '../page/api.js'
import { Panel } from '../page/Panel.js'
import { useSession } from '../page/Session.js'
import { Figure } from './Figure.js'
import { FIGURES } from './figures.js'
import { Tiles } from './Tiles.js'
import { useServer } from './useServerStatus.js'
import './server.css'

const ASKS_FOR_TOKEN = 'This server asks for a token: give it yours under “Who am I”, at the top.'

export function ServerPanel() {
  const { token } = useSession()
  const { samples, fault } = useServer()
  const status = samples.at(-1)?.status
  const isAdmin = status?.log !== undefined
  return (
    <Panel title="Server" className="server">
      {fault !== undefined && (
        <p className="error" role="status">
          {token === undefined && fault.status === 401 ? ASKS_FOR_TOKEN : sentenceOf(fault)}
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

function sentenceOf({ status, message }: ApiError): string {
  switch (status) {
    case 0:
      return 'No answer: the network or the server is away. Asking again every 2 seconds.'
    case 401:
      return `The server refuses this token (401), so it says nothing of itself: ${message}.`
    case 403:
      return `The server refuses to answer (403): ${message}`
    default:
      return `The server answered ${status}: ${message}`
  }
}
