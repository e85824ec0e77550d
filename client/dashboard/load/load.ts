// Publishes so many messages a second, for so long, to the user's own connections.

import type { Api } from '../page/api.js'

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

/** Rejects with the server's `ApiError` at the first refusal. Ends early when `signal` aborts. */
export async function runLoad(
  api: Api,
  { perSecond, seconds }: Load,
  onProgress: (progress: LoadProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const total = perSecond * seconds
  const startedAt = performance.now()
  let published = 0
  while (published < total && !signal.aborted) {
    const elapsed = (performance.now() - startedAt) / 1000
    const due = Math.min(total, Math.ceil(elapsed * perSecond)) - published
    if (due > 0) {
      const size = Math.min(due, MAX_BATCH)
      await api.sendAll(Array.from({ length: size }, (_, index) => tick(published + index, total)))
      published += size
      onProgress({ published, total })
    }
    // What is overdue goes at once.
    if (due <= MAX_BATCH) await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  }
}

const tick = (index: number, of: number) => ({
  type: 'load.tick',
  payload: { number: index + 1, of },
})
