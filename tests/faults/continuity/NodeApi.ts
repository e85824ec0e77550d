// The HTTP API of a node for many small requests: over connections that stay open, and cheaply,
// since the load must not be what is slow.

import { Agent, request } from 'node:http'

export interface NodeAnswer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers freely
  readonly body: any
}

interface NodeRequest {
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  /** Without an answer for so long it fails. */
  readonly timeoutMs?: number
}

const agent = new Agent({ keepAlive: true, maxFreeSockets: 64 })

/** Rejects where no whole answer came. */
export function ask(
  url: string,
  path: string,
  { body, headers = {}, signal, timeoutMs }: NodeRequest = {},
): Promise<NodeAnswer> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body)
    const outgoing = request(`${url}${path}`, {
      agent,
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...headers,
        ...(body !== undefined && {
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(text),
        }),
      },
      ...(signal !== undefined && { signal }),
    })
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => outgoing.destroy(new Error('no answer in time')), timeoutMs)
    outgoing.on('close', () => clearTimeout(timer))
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      let received = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        received += chunk
      })
      response.on('error', reject)
      response.on('end', () => {
        const isJson = response.headers['content-type']?.startsWith('application/json')
        const answer = isJson ? JSON.parse(received) : received
        resolve({ status: response.statusCode ?? 0, body: answer })
      })
    })
    outgoing.end(text)
  })
}
