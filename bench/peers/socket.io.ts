// Socket.IO with its defaults: rooms for audiences, its own encoding, its own heartbeat.

import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { PAYLOAD, TYPE } from '../plan.js'
import { roomsFrom, serveFanOut } from './fanOutPeer.js'
import { listenOn } from './listenOn.js'

const server = createServer()
const io = new Server(server)
io.on('connection', (socket) => {
  socket.join([...roomsFrom(socket.handshake.url)])
})

serveFanOut({
  port: await listenOn(server),
  publish(room) {
    const to = room === undefined ? io : io.to(room)
    to.emit(TYPE, PAYLOAD)
  },
})
