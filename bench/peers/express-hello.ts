// The same answer from an Express app, with nothing in it but the route.

import { createServer } from 'node:http'
import express from 'express'
import { serveCommands } from '../control.js'
import { HELLO } from './hello.js'
import { listenOn } from './listenOn.js'

const app = express()
app.get('/', (_request, response) => {
  response.type('json').send(HELLO)
})

serveCommands({ port: await listenOn(createServer(app)) }, {})
