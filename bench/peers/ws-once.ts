// What one writes next: `ws`, encoded once, and a `send` for each client.

import type { WebSocket } from 'ws'
import { PAYLOAD, TYPE } from '../plan.js'
import { Members, serveFanOut } from './fanOutPeer.js'
import { acceptWebSockets } from './webSockets.js'

const members = new Members<WebSocket>()

serveFanOut({
  port: await acceptWebSockets((socket, url) => members.add(socket, url)),
  publish(room) {
    const bytes = Buffer.from(JSON.stringify({ type: TYPE, payload: PAYLOAD }))
    for (const socket of members.of(room)) socket.send(bytes, { binary: false })
  },
})
