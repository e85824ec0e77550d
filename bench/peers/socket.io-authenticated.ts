// Socket.IO with a middleware that verifies the token of each client with `jose`.

import { createServer } from 'node:http'
import { jwtVerify } from 'jose'
import { Server } from 'socket.io'
import { serveCommands } from '../control.js'
import { SECRET } from '../tokens.js'
import { listenOn } from './listenOn.js'

const key = new TextEncoder().encode(SECRET)
const server = createServer()
const io = new Server(server)
io.use((socket, next) => {
  jwtVerify(String(socket.handshake.auth.token), key, { algorithms: ['HS256'] }).then(
    () => next(),
    () => next(new Error('unauthorized')),
  )
})

serveCommands({ port: await listenOn(server) }, {})
