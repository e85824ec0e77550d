// Bun's built-in WebSocket server and its native publish, as an engine of uWebSockets' class. Runs in
// Bun.

import { PAYLOAD, TYPE } from '../plan.js'
import { roomsFrom, serveFanOut } from './fanOutPeer.js'

interface BunSocket {
  readonly data: { readonly url: string }
  subscribe(topic: string): void
}

interface BunServer {
  readonly port: number
  upgrade(request: Request, options: { data: BunSocket['data'] }): boolean
  publish(topic: string, message: string): number
}

declare const Bun: {
  serve(options: {
    port: number
    hostname: string
    fetch(request: Request, server: BunServer): Response | undefined
    websocket: { open(socket: BunSocket): void; message(): void }
  }): BunServer
}

const EVERYONE = 'everyone'

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request, bun) {
    const isUpgraded = bun.upgrade(request, { data: { url: request.url } })
    return isUpgraded ? undefined : new Response('no upgrade', { status: 400 })
  },
  websocket: {
    open(socket) {
      for (const room of [EVERYONE, ...roomsFrom(socket.data.url)]) socket.subscribe(room)
    },
    message() {},
  },
})

serveFanOut({
  port: server.port,
  publish(room = EVERYONE) {
    server.publish(room, JSON.stringify({ type: TYPE, payload: PAYLOAD }))
  },
})
