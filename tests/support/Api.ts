// `curl` as an object: the HTTP API for one principal.

/** What an answer of the API looks like to a test. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers freely
  readonly body: any
}

type Query = Record<string, string | number | readonly string[]>

export class Api {
  readonly url: string
  readonly #token: string | undefined

  /** Without a token the caller is `anonymous`, who is an admin in open mode. */
  constructor(url: string, token?: string) {
    this.url = url
    this.#token = token
  }

  /** Any request. A `body` that is a string or bytes goes out as it is, anything else as JSON. */
  async request(
    method: string,
    path: string,
    {
      body,
      headers = {},
      signal,
    }: { body?: unknown; headers?: Record<string, string>; signal?: AbortSignal } = {},
  ): Promise<Answer> {
    const isRaw = typeof body === 'string' || body instanceof Uint8Array
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(this.#token !== undefined && { Authorization: `Bearer ${this.#token}` }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: isRaw ? (body as string) : JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: parsed(text) }
  }

  poll(query: Query = {}, signal?: AbortSignal): Promise<Answer> {
    return this.request('GET', `/api/sync/poll${queryString(query)}`, signal ? { signal } : {})
  }

  send(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('POST', '/api/sync/send', { body, headers })
  }

  broadcast(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('POST', '/api/sync/broadcast', { body, headers })
  }

  force(body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('POST', '/api/sync/force', { body, headers })
  }

  status(): Promise<Answer> {
    return this.request('GET', '/api/sync/status')
  }
}

export function queryString(query: Query): string {
  const parameters = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map(
      (item) => `${name}=${encodeURIComponent(String(item))}`,
    ),
  )
  return parameters.length === 0 ? '' : `?${parameters.join('&')}`
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
