// Asks the server how it is, every two seconds while somebody looks at the page.

import { useEffect, useState } from 'react'
import { type Api, ApiError } from '../page/api.js'
import { EVERY_MS, type Sample, withSample } from './samples.js'

const LATE_AFTER_MS = 5000

export interface ServerHistory {
  /** Oldest first, a bounded number of them. */
  readonly samples: readonly Sample[]
  /** Why there is nothing newer, in a sentence. */
  readonly fault: string | undefined
}

const NOTHING: ServerHistory = { samples: [], fault: undefined }

/** Starts anew with another `api`, which is another principal's. */
export function useServerStatus(api: Api): ServerHistory {
  const [heard, setHeard] = useState({ api, ...NOTHING })
  useEffect(() => {
    const change = (next: (last: ServerHistory) => Partial<ServerHistory>) =>
      setHeard((last) => {
        const own = last.api === api ? last : { api, ...NOTHING }
        return { ...own, ...next(own) }
      })
    return watch(
      api,
      (samplesOf) => change(({ samples }) => ({ samples: samplesOf(samples), fault: undefined })),
      (fault) => change(() => ({ fault })),
    )
  }, [api])
  return heard.api === api ? heard : NOTHING
}

/** Returns what ends it. */
function watch(
  api: Api,
  onStatus: (samplesOf: (samples: readonly Sample[]) => readonly Sample[]) => void,
  onFault: (fault: string) => void,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let isAsking = false
  let isOver = false
  const ask = async () => {
    if (isAsking || isOver || document.hidden) return
    clearTimeout(timer)
    isAsking = true
    // A request that hangs is said, and waited for: more of them would only hang beside it.
    const late = setTimeout(() => onFault('The server takes long to answer.'), LATE_AFTER_MS)
    try {
      const status = await api.status()
      if (!isOver) onStatus((samples) => withSample(samples, status, Date.now()))
    } catch (error) {
      if (isOver) return
      onFault(sentenceOf(error))
      isOver = isRefusal(error)
    } finally {
      clearTimeout(late)
      isAsking = false
      if (!isOver) timer = setTimeout(askNow, EVERY_MS)
    }
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

/** Asking again with the same token would only be refused again. */
const isRefusal = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 401 || error.status === 403)

function sentenceOf(error: unknown): string {
  if (!(error instanceof ApiError)) return `This went wrong in the page: ${String(error)}`
  switch (error.status) {
    case 0:
      return 'No answer: the network or the server is away. Asking again every 2 seconds.'
    case 401:
      return 'The server does not accept this token (401), so it says nothing of itself.'
    case 403:
      return `The server refuses to answer (403): ${error.message}`
    default:
      return `The server answered ${error.status}: ${error.message}`
  }
}
