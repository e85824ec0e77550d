// The proof of this page's connection, as long as something shows it.

import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { useConnectionManager } from '../../react/index.js'
import { useSession } from '../page/Session.js'
import { ProofReader, type ProofState } from './ProofReader.js'

export function useProof(): ProofState {
  const { manager } = useConnectionManager()
  const { api } = useSession()
  // Whoever speaks later is handed on below: a reader outlives that.
  const [firstApi] = useState(api)
  const reader = useMemo(() => new ProofReader(manager, firstApi), [manager, firstApi])
  useEffect(() => reader.use(api), [reader, api])
  useEffect(() => reader.start(), [reader])
  return useSyncExternalStore(reader.subscribe, reader.getSnapshot)
}
