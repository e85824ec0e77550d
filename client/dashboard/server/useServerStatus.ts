// Asks the server how it is, every two seconds while somebody looks at the page. All who want to know
// share the one asking.

import { createContext, useContext, useEffect, useState } from 'react'
import { type Api, ApiError } from '../page/api.js'
import { EVERY_MS, type Sample, withSample } from './samples.js'

export interface ServerHistory {
  /** Oldest first, a bounded number of them. */
  readonly samples: readonly Sample[]
  /** Of the newest answer: from the question to it. */
  readonly roundTripMs: number | undefined
  /** Why there is nothing newer. */
  readonly fault: ApiError | undefined
}

const NOTHING: ServerHistory = { samples: [], roundTripMs: undefined, fault: undefined }

export const ServerHistoryContext = createContext(NOTHING)

/** What is known of the server. */
export const useServer = (): ServerHistory => useContext(ServerHistoryContext)

/** Starts anew with another `api`, which is another principal's. */
export function useServerStatus(api: Api): ServerHistory {
  const [heard, setHeard] = useState({ api, ...NOTHING })
  useEffect(() => {
    const change = (next: (last: ServerHistory) => ServerHistory) =>
      setHeard((last) => ({ api, ...next(last.api === api ? last : NOTHING) }))
    return watch(api, change)
  }, [api])
  return heard.api === api ? heard : NOTHING
}

/** Returns what ends it; nothing is heard of it after that. */
function watch(
  api: Api,
  change: (next: (last: ServerHistory) => ServerHistory) => void,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let isAsking = false
  let isOver = false
  const ask = async () => {
    if (isAsking || isOver || document.hidden) return
    clearTimeout(timer)
    isAsking = true
    const next = await answerOf(api)
    isAsking = false
    if (isOver) return
    change(next.heard)
    // Asking again with the same token would only be refused again.
    if (!next.isRefused) timer = setTimeout(askNow, EVERY_MS)
    else isOver = true
  }
  const askNow = () => void ask()
  document.addEventListener('visibilitychange', askNow)
  askNow()
  return () => {
    isOver = true
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', askNow)
  }
}

interface Heard {
  readonly isRefused: boolean
  readonly heard: (last: ServerHistory) => ServerHistory
}

async function answerOf(api: Api): Promise<Heard> {
  const startedAt = performance.now()
  try {
    const status = await api.status()
    const roundTripMs = Math.max(1, Math.round(performance.now() - startedAt))
    const at = Date.now()
    const heard = ({ samples }: ServerHistory) => ({
      samples: withSample(samples, status, at),
      roundTripMs,
      fault: undefined,
    })
    return { isRefused: false, heard }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const heard = ({ samples }: ServerHistory) => ({
      samples,
      roundTripMs: undefined,
      fault: error,
    })
    return { isRefused: isRefusal(error), heard }
  }
}

/** The server has heard who asks, and won't tell. */
export const isRefusal = ({ status }: ApiError): boolean => status === 401 || status === 403
