// A table's rows as they are now: fetched once there is a position in the log, kept up by messages,
// and fetched again where messages were missed.

import { useCallback, useEffect, useRef, useState } from 'react'
import { useConnectionManager, useResync } from 'syncline/react'

interface Row {
  readonly _id: string
  readonly version: number
}

/** `fetchRows` has to stay the same function. */
export function useRows<R extends Row>(table: string, fetchRows: () => Promise<readonly R[]>) {
  const { status, onMessage } = useConnectionManager()
  const [rows, setRows] = useState<readonly R[]>([])
  const [error, setError] = useState<Error>()
  /** What came since the fetch under way began: its answer may be older. */
  const meanwhile = useRef<R[]>(undefined)

  useEffect(
    () =>
      onMessage(
        ({ payload }) => {
          if (payload.table !== table) return
          const row = payload.data as unknown as R
          meanwhile.current?.push(row)
          setRows((rows) => withRow(rows, row))
        },
        { type: 'convex.update' },
      ),
    [onMessage, table],
  )

  const refetch = useCallback(async () => {
    const heard: R[] = []
    meanwhile.current = heard
    // By the time of the answer another fetch may have begun: that one counts.
    const isLatest = () => meanwhile.current === heard
    try {
      const fetched = await fetchRows()
      if (!isLatest()) return
      setRows(heard.reduce<readonly R[]>(withRow, fetched))
      setError(undefined)
    } catch (error) {
      if (isLatest()) setError(error instanceof Error ? error : new Error(String(error)))
    }
    if (isLatest()) meanwhile.current = undefined
  }, [fetchRows])

  // What changed before the first connection stood was told to nobody, so this fetch waits for it.
  const hasPosition = status === 'connected' || status === 'reconnecting'
  useEffect(() => {
    if (hasPosition) void refetch()
  }, [hasPosition, refetch])
  useResync(() => void refetch())

  return { rows, error, refetch }
}

/** With this row in its place, unless what is there is as new. So it may well come twice. */
function withRow<R extends Row>(rows: readonly R[], row: R): readonly R[] {
  const known = rows.find(({ _id }) => _id === row._id)
  if (known === undefined) return [...rows, row]
  if (known.version >= row.version) return rows
  return rows.map((other) => (other === known ? row : other))
}
