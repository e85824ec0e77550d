// Where nothing has come yet: what to do about it.

import { useOpenMode } from '../server/useOpenMode.js'

export function EmptyFeed({ isFiltered }: { readonly isFiltered: boolean }) {
  const isOpenMode = useOpenMode()
  if (isFiltered) return <p className="dim feed-empty">Nothing that came passes the filter.</p>
  return (
    <div className="feed-empty dim">
      <p>
        Nothing has come yet. Start a load beside this, or from a terminal
        {isOpenMode ? ':' : ', with your token in TOKEN:'}
      </p>
      <pre className="mono">{isOpenMode ? broadcast() : sendWithToken()}</pre>
    </div>
  )
}

const MESSAGE = `  -H 'Content-Type: application/json' \\
  -d '{"type":"greeting","payload":{"text":"Hello"}}'`

const broadcast = () => `curl ${location.origin}/api/sync/broadcast \\
${MESSAGE}`

/** To oneself, which is all that everybody may. */
const sendWithToken = () => `curl ${location.origin}/api/sync/send \\
  -H "Authorization: Bearer $TOKEN" \\
${MESSAGE}`
