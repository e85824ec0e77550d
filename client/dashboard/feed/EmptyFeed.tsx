// Where nothing has come yet: what to do about it.

export function EmptyFeed({ isFiltered }: { readonly isFiltered: boolean }) {
  if (isFiltered) return <p className="dim feed-empty">Nothing that came passes the filter.</p>
  return (
    <div className="feed-empty dim">
      <p>Nothing has come yet. Start a load beside this, or from a terminal:</p>
      <pre className="mono">
        {`curl ${location.origin}/api/sync/broadcast \\
  -H 'Content-Type: application/json' \\
  -d '{"type":"greeting","payload":{"text":"Hello"}}'`}
      </pre>
    </div>
  )
}
