// One of several Socket.IO nodes on its Redis-streams adapter. The address of Redis is its argument.

import { createServer } from 'node:http'
import { createAdapter } from '@socket.io/redis-streams-adapter'
import { Redis } from 'ioredis'
import { Server } from 'socket.io'
import { PAYLOAD, TYPE } from '../plan.js'
import { roomsFrom, serveFanOut } from './fanOutPeer.js'
import { listenOn } from './listenOn.js'

const server = createServer()
const io = new Server(server, { adapter: createAdapter(new Redis(process.argv[2] ?? '')) })
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
