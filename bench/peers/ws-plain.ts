// A `ws` server that knows nothing of its clients: what a connection costs at least.

import type { WebSocket } from 'ws'
import { serveCommands } from '../control.js'
import { acceptWebSockets } from './webSockets.js'

const WELCOME = JSON.stringify({ welcome: true })

/** One for all sockets. */
function welcome(this: WebSocket): void {
  this.send(WELCOME)
}

serveCommands({ port: await acceptWebSockets((socket) => socket.on('message', welcome)) }, {})
