// Sends one message by a request, for links that have no way up.

import type { Environment } from './environment.js'
import { epochOf } from './epoch.js'
import type { AnswerFrame } from './frames.js'
import type { ResolvedOptions } from './options.js'
import { closureOf, requestJson, withQuery } from './request.js'

export interface Outgoing {
  readonly key: string
  /** The draft as JSON. */
  readonly json: string
  /** The log's identity when it was first tried. */
  readonly epoch: string
  /** It may have reached the server before. */
  readonly isRepeat: boolean
}

interface PostParts {
  readonly options: ResolvedOptions
  readonly environment: Environment
  readonly token: () => string | undefined
  /** The token is no longer good: whether there will be another. */
  readonly expired: () => boolean
}

/** Resolves with what a frame would have been answered; never rejects. */
export async function post(parts: PostParts, outgoing: Outgoing): Promise<AnswerFrame> {
  const { environment, options, expired } = parts
  const { key, json, epoch, isRepeat } = outgoing
  const abort = new AbortController()
  const cancelTimer = environment.after(options.connectionTimeout, () => abort.abort())
  const basics = { fetch: environment.fetch, token: parts.token(), signal: abort.signal }
  try {
    // A server that began anew has forgotten the key, and would publish a second time.
    if (isRepeat) {
      const { cursor } = await requestJson(withQuery(options.pollingUrl, { since: 'now' }), basics)
      if (epochOf(String(cursor)) !== epoch) {
        return { op: 'error', code: 'indeterminate', message: 'the log began anew' }
      }
    }
    const headers = { 'Idempotency-Key': key }
    const request = { ...basics, method: 'POST', headers, body: json }
    return { ...(await requestJson(options.sendUrl, request)), op: 'ok' }
  } catch (error) {
    const { kind, why, code, retryAfterMs } = closureOf(error)
    const isAgain = kind === 'lost' || code === undefined || (kind === 'expired' && expired())
    return { op: 'error', code: isAgain ? 'unavailable' : code, message: why, retryAfterMs }
  } finally {
    cancelTimer()
  }
}
