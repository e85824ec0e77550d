// What most people write first: `ws`, and for each client a `JSON.stringify` and a `send`.

import type { WebSocket } from 'ws'
import { PAYLOAD, TYPE } from '../plan.js'
import { Members, serveFanOut } from './fanOutPeer.js'
import { acceptWebSockets } from './webSockets.js'

const members = new Members<WebSocket>()

serveFanOut({
  port: await acceptWebSockets((socket, url) => members.add(socket, url)),
  publish(room) {
    for (const socket of members.of(room)) {
      socket.send(JSON.stringify({ type: TYPE, payload: PAYLOAD }))
    }
  },
})
