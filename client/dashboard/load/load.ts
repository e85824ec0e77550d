// Publishes so many messages a second, for so long, to the user's own connections.

import { type Api, ApiError } from '../page/api.js'

export interface Load {
  readonly perSecond: number
  readonly seconds: number
}

export interface LoadProgress {
  readonly published: number
  readonly total: number
}

const TICK_MS = 100
/** As many as the server takes in one request. */
const MAX_BATCH = 100

/** Until it is tried again where nobody answered. */
const RETRY_MS = 500

/**
 * Rejects with the server's `ApiError` at the first refusal; where nobody answers it goes on trying,
 * and publishes nothing twice. Ends early when `signal` aborts.
 */
export async function runLoad(
  api: Api,
  { perSecond, seconds }: Load,
  onProgress: (progress: LoadProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const total = perSecond * seconds
  // Not randomUUID, which pages over plain http don't have.
  const run = `${Date.now()}-${Math.random()}`
  const startedAt = performance.now()
  let published = 0
  while (published < total && !signal.aborted) {
    const elapsed = (performance.now() - startedAt) / 1000
    const due = Math.min(total, Math.ceil(elapsed * perSecond)) - published
    if (due > 0) {
      const size = Math.min(due, MAX_BATCH)
      const drafts = Array.from({ length: size }, (_, index) => tick(run, published + index, total))
      if (await isPublished(api.sendAll(drafts))) published += size
      else await pause(RETRY_MS)
      if (!signal.aborted) onProgress({ published, total })
    }
    // What is overdue goes at once.
    if (due <= MAX_BATCH) await pause(TICK_MS)
  }
}

async function isPublished(answer: Promise<object>): Promise<boolean> {
  try {
    await answer
    return true
  } catch (error) {
    if (error instanceof ApiError && error.status === 0) return false
    throw error
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const tick = (run: string, index: number, of: number) => ({
  type: 'load.tick',
  payload: { number: index + 1, of },
  idempotencyKey: `${run}-${index}`,
})
