// What Node's sockets can do at best, one write for each message and client: one frame, built once,
// to raw `node:net` sockets. No library, no log, no order, no answer to who is too slow.

import type { Socket } from 'node:net'
import { PAYLOAD } from '../plan.js'
import { Members, serveFanOut } from './fanOutPeer.js'
import { acceptSockets, textFrame } from './handshake.js'

const FRAME = textFrame(JSON.stringify(PAYLOAD))
const members = new Members<Socket>()

serveFanOut({
  port: await acceptSockets((socket, url) => members.add(socket, url)),
  publish(room) {
    for (const socket of members.of(room)) socket.write(FRAME)
  },
})
