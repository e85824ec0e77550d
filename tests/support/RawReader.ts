// A WebSocket client with permessage-deflate, and what it makes of bytes that are written to its
// socket beside the library.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { waitFor } from './waitFor.js'

export class RawReader {
  readonly #server: WebSocketServer
  readonly #client: WebSocket
  readonly #write: (bytes: Buffer) => void
  readonly #heard: string[] = []

  private constructor(server: WebSocketServer, client: WebSocket, write: (bytes: Buffer) => void) {
    this.#server = server
    this.#client = client
    this.#write = write
    client.on('message', (data) => this.#heard.push(String(data)))
  }

  static async open(): Promise<RawReader> {
    const perMessageDeflate = { serverNoContextTakeover: true, clientNoContextTakeover: true }
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate })
    await once(server, 'listening')
    const upgraded = once(server, 'connection')
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const [, { socket }] = await upgraded
    await waitFor('the client to be open', () => client.readyState === WebSocket.OPEN)
    return new RawReader(server, client, (bytes) => socket.write(bytes))
  }

  /** The texts that a client reads in these bytes. */
  async texts(bytes: Buffer): Promise<string[]> {
    const end = `end ${Math.random()}`
    this.#write(bytes)
    for (const webSocket of this.#server.clients) webSocket.send(end, { compress: false })
    await waitFor('the client to have read it', () => this.#heard.at(-1) === end)
    return this.#heard.splice(0).slice(0, -1)
  }

  async close(): Promise<void> {
    this.#client.terminate()
    for (const webSocket of this.#server.clients) webSocket.terminate()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
