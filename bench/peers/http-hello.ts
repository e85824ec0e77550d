// What Node's HTTP server can do at best: one small answer, built once.

import { createServer } from 'node:http'
import { serveCommands } from '../control.js'
import { HELLO } from './hello.js'
import { listenOn } from './listenOn.js'

const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(HELLO) }
const server = createServer((_request, response) => {
  response.writeHead(200, headers).end(HELLO)
})

serveCommands({ port: await listenOn(server) }, {})
