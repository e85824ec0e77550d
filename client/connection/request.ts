// HTTP as the fallbacks and sends use it: with the token, and with every answer read for what it
// means. What is not an answer of a Syncline server (a captive portal's page, a proxy's error)
// means that this transport does not work here.

import type { Closure } from './closures.js'
import { checkShape, type Fields } from './frames.js'

interface RequestOptions {
  readonly fetch: typeof fetch
  readonly token: string | undefined
  readonly signal: AbortSignal
  readonly accept?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A request that came to nothing, and what that means for the link. */
class RequestFailure extends Error {
  readonly closure: Closure

  constructor(closure: Closure) {
    super(closure.why)
    this.closure = closure
  }
}

/** Resolves with a 2xx answer of the right kind; throws a `RequestFailure` for any other. */
export async function request(url: string, options: RequestOptions): Promise<Response> {
  const { fetch, token, accept = 'application/json', headers, ...rest } = options
  const response = await fetch(url, {
    ...rest,
    headers: {
      Accept: accept,
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(rest.body && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    cache: 'no-store',
  })
  if (response.ok && response.headers.get('content-type')?.startsWith(accept)) return response
  throw new RequestFailure(await closureOfAnswer(response))
}

export const requestJson = async (url: string, options: RequestOptions): Promise<Fields> =>
  JSON.parse(await (await request(url, options)).text())

async function closureOfAnswer(response: Response): Promise<Closure> {
  const { status, headers } = response
  const isBusy = status === 429 || status >= 500
  const { code, message } = await readError(response)
  return {
    kind: isBusy ? 'lost' : (KINDS.get(code) ?? 'unusable'),
    why: message ?? `answered with ${status}`,
    code,
    retryAfterMs: isBusy ? readRetryAfter(headers.get('retry-after') ?? '') : undefined,
  }
}

const KINDS: ReadonlyMap<unknown, Closure['kind']> = new Map<unknown, Closure['kind']>([
  ['unauthorized', 'expired'],
  ['forbidden', 'refused'],
  ['invalid_cursor', 'badCursor'],
])

/** The `error` of the contract's answers; empty where somebody else answered. */
async function readError(response: Response): Promise<{ code?: string; message?: string }> {
  try {
    return checkShape(JSON.parse(await response.text()).error, { code: '', message: '' })
  } catch {
    return {}
  }
}

/** Seconds or a date (RFC 9110, section 10.2.3). */
function readRetryAfter(value: string): number | undefined {
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return ms > 0 ? ms : undefined
}

/** What the failure of a transport that runs on requests means for its link. */
export function closureOf(error: unknown): Closure {
  if (error instanceof RequestFailure) return error.closure
  // By JSON.parse, or by the check of a shape.
  if (error instanceof SyntaxError) return { kind: 'unusable', why: 'a malformed answer' }
  return { kind: 'lost', why: 'the server cannot be reached' }
}

/** The URL with these parameters; those that are empty are left out. */
export function withQuery(url: string, query: Readonly<Record<string, string>>): string {
  const parameters = Object.entries(query).filter(([, value]) => value !== '')
  return `${url}${url.includes('?') ? '&' : '?'}${new URLSearchParams(parameters)}`
}
