// Stands before a server's WebSocket and closes it with 4401 where the token has run out, as the
// contract has it: then a fresh one is asked for.

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'

const EXPIRED = 4401

export class ExpiringGate {
  /** The first frames' tokens, in order. */
  readonly tokens: unknown[] = []
  readonly #expired = new Set<unknown>()
  readonly #server: Server
  readonly #sockets: WebSocketServer

  private constructor(upstreamUrl: string) {
    this.#server = createServer((_, res) => res.writeHead(404).end())
    this.#sockets = new WebSocketServer({ server: this.#server })
    this.#sockets.on('connection', (client) => {
      client.once('message', (first) => this.#admit(client, String(first), upstreamUrl))
    })
  }

  static async start(upstreamUrl: string): Promise<ExpiringGate> {
    const gate = new ExpiringGate(`${upstreamUrl.replace(/^http/, 'ws')}/ws`)
    gate.#server.listen(0, '127.0.0.1')
    await once(gate.#server, 'listening')
    return gate
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** This token is no longer good; what was opened with it is closed. */
  expire(token: string): void {
    this.#expired.add(token)
    for (const client of this.#sockets.clients) client.close(EXPIRED)
  }

  async close(): Promise<void> {
    for (const client of this.#sockets.clients) client.terminate()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #admit(client: WebSocket, first: string, upstreamUrl: string): void {
    const { token } = JSON.parse(first)
    this.tokens.push(token)
    if (this.#expired.has(token)) return client.close(EXPIRED)
    const upstream = new WebSocket(upstreamUrl)
    upstream.on('open', () => upstream.send(first))
    upstream.on('message', (frame) => client.send(String(frame)))
    client.on('message', (frame) => upstream.send(String(frame)))
    upstream.on('error', () => {}).on('close', () => client.terminate())
    client.on('error', () => {}).on('close', () => upstream.terminate())
  }
}
