// Servers that a client must survive: each accepts whoever comes, counts the attempts and is of no
// use, each in a way of its own.

import { once } from 'node:events'
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net'
import { WebSocketServer } from 'ws'
import { HOSTILITIES, type Hostility } from './hostilities.js'

export type HostileName = keyof typeof HOSTILITIES | 'closes at once'
export const HOSTILE_NAMES = ['closes at once', ...Object.keys(HOSTILITIES)] as HostileName[]

export interface Attempt {
  /** In milliseconds, by `performance.now()`. */
  readonly at: number
  /** The request's path; empty where there was only a connection. */
  readonly path: string
}

export class HostileServer {
  readonly attempts: Attempt[] = []
  readonly #server: Server | HttpServer
  readonly #sockets = new Set<Socket>()

  private constructor(name: HostileName) {
    if (name === 'closes at once') {
      this.#server = createTcpServer((socket) => {
        this.#note('')
        socket.destroy()
      })
      return
    }
    const { request, webSocket }: Hostility = HOSTILITIES[name]
    const upgrades = new WebSocketServer({ noServer: true })
    const server = createHttpServer((req, res) => {
      this.#note(req.url ?? '')
      request(req, res)
    })
    if (webSocket) {
      server.on('upgrade', (req, socket, head) => {
        this.#note(req.url ?? '')
        upgrades.handleUpgrade(req, socket, head, (opened) => {
          opened.on('error', () => {})
          webSocket(opened)
        })
      })
    }
    this.#server = server
  }

  static async start(name: HostileName): Promise<HostileServer> {
    const hostile = new HostileServer(name)
    hostile.#server.on('connection', (socket: Socket) => {
      hostile.#sockets.add(socket)
      socket.on('error', () => {}).on('close', () => hostile.#sockets.delete(socket))
    })
    hostile.#server.listen(0, '127.0.0.1')
    await once(hostile.#server, 'listening')
    return hostile
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** The most attempts in any `windowMs`. */
  mostWithin(windowMs: number): number {
    return Math.max(
      0,
      ...this.attempts.map(
        ({ at }, index) =>
          this.attempts.slice(index).filter((other) => other.at - at < windowMs).length,
      ),
    )
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #note(url: string): void {
    if (this.attempts.length < 100_000) {
      this.attempts.push({ at: performance.now(), path: url.split('?')[0] ?? '' })
    }
  }
}
