// Stands in front of a Syncline server, at one address that stays: passes requests on, or does what a
// server or a network in trouble does. It remembers what was posted.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Posted {
  readonly path: string
  readonly key: string | undefined
  /** Of its messages, in their order. */
  readonly types: readonly string[]
  readonly at: number
}

export type Trouble = (
  req: IncomingMessage,
  res: ServerResponse,
  body: string,
) => void | Promise<void>

export class ServerFront {
  /** Where requests go. */
  upstream: string
  /** Takes requests in the server's place, if set; `poll` excepted. */
  trouble: Trouble | undefined
  readonly posted: Posted[] = []
  /** How often it was asked how it does. */
  asked = 0
  readonly #server: Server

  private constructor(upstream: string) {
    this.upstream = upstream
    this.#server = createServer((req, res) => void this.#take(req, res).catch(() => res.destroy()))
  }

  static async start(upstream: string): Promise<ServerFront> {
    const front = new ServerFront(upstream)
    front.#server.listen(0, '127.0.0.1')
    await once(front.#server, 'listening')
    return front
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** Hands a request to the server, and its answer back; or, if asked, only to the server. */
  async pass(
    req: IncomingMessage,
    res: ServerResponse,
    body: string,
    { isAnswered = true } = {},
  ): Promise<void> {
    const { authorization = '', 'idempotency-key': key } = req.headers
    const answer = await fetch(`${this.upstream}${req.url}`, {
      method: req.method ?? 'GET',
      headers: {
        Authorization: authorization,
        'Content-Type': 'application/json',
        ...(typeof key === 'string' && { 'Idempotency-Key': key }),
      },
      ...(body !== '' && { body }),
    })
    const text = await answer.text()
    if (!isAnswered) return void res.destroy()
    const retryAfter = answer.headers.get('retry-after')
    res.writeHead(answer.status, {
      'Content-Type': 'application/json',
      ...(retryAfter !== null && { 'Retry-After': retryAfter }),
    })
    res.end(text)
  }

  async #take(req: IncomingMessage, res: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of req) body += chunk
    if (req.method === 'POST') this.#note(req, body)
    else this.asked += 1
    if (this.trouble === undefined) await this.pass(req, res, body)
    else await this.trouble(req, res, body)
  }

  #note({ url = '', headers }: IncomingMessage, body: string): void {
    const key = headers['idempotency-key']?.toString()
    const content = JSON.parse(body)
    const messages: { type: string }[] = content.messages ?? [content]
    this.posted.push({ path: url, key, types: messages.map(({ type }) => type), at: Date.now() })
  }
}

/** Answers all alike. */
export const answering =
  (status: number, text: string, headers: Record<string, string> = {}): Trouble =>
  (_req, res) => {
    res.writeHead(status, headers).end(text)
  }

/** What Syncline itself says. */
export const refusing = (status: number, code: string, headers = {}): Trouble =>
  answering(status, JSON.stringify({ success: false, error: { code, message: 'for a test' } }), {
    'Content-Type': 'application/json',
    ...headers,
  })

/** Takes all, and says nothing. */
export const hanging: Trouble = () => {}

/** Does it, and is cut off before it can say so. */
export const cutOff =
  (front: ServerFront): Trouble =>
  (req, res, body) =>
    front.pass(req, res, body, { isAnswered: false })
