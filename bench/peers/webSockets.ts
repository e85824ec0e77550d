// A plain `ws` server, for the peers that are made of one.

import { createServer } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import { listenOn } from './listenOn.js'

/** Resolves with the port. Hands over each socket with the URL that was asked for. */
export function acceptWebSockets(
  onSocket: (socket: WebSocket, url: string) => void,
): Promise<number> {
  const server = createServer()
  const webSockets = new WebSocketServer({ server })
  webSockets.on('connection', (socket, request) => onSocket(socket, request.url ?? '/'))
  return listenOn(server)
}
