// The HTTP API as the page uses it: the same routes that `curl` does.

import type { Draft, MessageOf, ResyncReason } from '../../connection/index.js'

/** What `GET /status` says; all but the first four fields to admins only. */
export interface ServerStatus {
  readonly status: 'ok' | 'degraded'
  readonly uptimeMs: number
  /** Whether the server verifies no tokens: everybody is an admin, and may say who they are. */
  readonly openMode: boolean
  readonly nodes?: number
  readonly connections?: {
    readonly total: number
    readonly websocket: number
    readonly sse: number
    readonly longPoll: number
  }
  readonly log?: {
    readonly messages: number
    readonly bytes: number
    readonly audiences: number
    readonly marks: number
    readonly maxBytes: number
    readonly maxMessagesPerAudience: number
    readonly ttlMs: number
  }
  readonly published?: number
  readonly delivered?: number
  readonly memoryBytes?: number
}

export interface Page {
  readonly messages: readonly MessageOf[]
  readonly cursor: string
  readonly hasMore: boolean
  readonly resync: boolean
  readonly reason?: ResyncReason
}

/** What the server answers to a publish or a forced resync. */
export interface Answer {
  readonly messageId?: string
  readonly results?: readonly object[]
  readonly cursor: string
  readonly duplicate?: boolean
  readonly recipients?: number
}

/** Who a message is for; empty for the route's default. */
export interface Audience {
  readonly userId?: string
  readonly roles?: readonly string[]
  readonly topics?: readonly string[]
}

/** The server said no, or nobody answered (`status` 0). */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly code: string
  /** Milliseconds after which the server would take it, where it says so. */
  readonly retryAfterMs: number | undefined

  constructor(status: number, code: string, message: string, retryAfterMs?: number) {
    super(message)
    this.status = status
    this.code = code
    this.retryAfterMs = retryAfterMs
  }
}

export interface Api {
  poll(since: string, topics: readonly string[]): Promise<Page>
  status(): Promise<ServerStatus>
  send(draft: Draft): Promise<Answer>
  sendAll(drafts: readonly (Draft & { readonly idempotencyKey: string })[]): Promise<Answer>
  broadcast(draft: Draft): Promise<Answer>
  force(audience: Audience | { readonly everyone: true }): Promise<Answer>
}

/** For an answer; a request that hangs would else be waited for without end. */
const TIMEOUT_MS = 10_000

/** Every method rejects with an `ApiError`. */
export function createApi(request: typeof fetch, token: string | undefined): Api {
  const call = async <Body>(path: string, init: RequestInit = {}): Promise<Body> => {
    const headers = {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(init.body !== undefined && { 'Content-Type': 'application/json' }),
    }
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const response = await request(`/api/sync/${path}`, { ...init, headers, signal }).catch(() => {
      throw new ApiError(0, 'unreachable', 'no answer: the network or the server is away')
    })
    const body = await response.json().catch(() => undefined)
    if (response.ok && body?.success === true) return body
    const { code = 'unknown', message = 'what answers there is no Syncline server' } =
      body?.error ?? {}
    throw new ApiError(response.status, code, message, retryAfterMs(response))
  }
  const post = (path: string, body: object) =>
    call<Answer>(path, { method: 'POST', body: JSON.stringify(body) })
  return {
    poll(since, topics) {
      const query = new URLSearchParams({ since, limit: '1000' })
      if (topics.length > 0) query.set('topics', topics.join())
      return call<Page>(`poll?${query}`)
    },
    status: () => call<ServerStatus>('status'),
    send: (draft) => post('send', draft),
    sendAll: (messages) => post('send', { messages }),
    broadcast: (draft) => post('broadcast', draft),
    force: (audience) => post('force', audience),
  }
}

function retryAfterMs({ headers }: Response): number | undefined {
  const seconds = headers.get('Retry-After')
  return seconds === null ? undefined : Number(seconds) * 1000
}
