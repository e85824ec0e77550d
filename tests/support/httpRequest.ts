// One HTTP request with exactly the headers that are given, `Host` among them, which `fetch`
// keeps for itself.

import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** The body as JSON where it is, else as text. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers freely
  readonly body: any
}

interface HttpOptions {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string | Uint8Array
}

const HEAD_ONLY = 'text/event-stream'

/**
 * `url` says where to connect and what to ask for. Works for a refused upgrade, too. Of an event
 * stream, which doesn't end by itself, the head is all that is waited for.
 */
export function httpRequest(
  url: string,
  { method = 'GET', headers = {}, body }: HttpOptions = {},
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent: false }, (response) => {
      const { statusCode: status = 0, headers: answered } = response
      if (answered['content-type'] === HEAD_ONLY) {
        response.destroy()
        return resolve({ status, headers: answered, body: '' })
      }
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        resolve({ status, headers: answered, body: jsonOr(Buffer.concat(chunks).toString()) })
      })
    })
    outgoing.on('upgrade', (response, socket) => {
      socket.destroy()
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: '' })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

export const JSON_HEADERS = { 'Content-Type': 'application/json' }

export const UPGRADE_HEADERS = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
