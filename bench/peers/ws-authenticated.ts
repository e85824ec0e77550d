// What one writes who wants to know who is there: `ws`, a token in the first frame, verified with
// `jose`, and an answer.

import { jwtVerify } from 'jose'
import type { WebSocket } from 'ws'
import { serveCommands } from '../control.js'
import { SECRET } from '../tokens.js'
import { acceptWebSockets } from './webSockets.js'

const key = new TextEncoder().encode(SECRET)

async function admit(socket: WebSocket, data: unknown): Promise<void> {
  try {
    const { token } = JSON.parse(String(data)) as { token: string }
    const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'] })
    socket.send(JSON.stringify({ welcome: payload.sub }))
  } catch {
    socket.close(4401)
  }
}

const port = await acceptWebSockets((socket) => {
  socket.once('message', (data) => void admit(socket, data))
})
serveCommands({ port }, {})
